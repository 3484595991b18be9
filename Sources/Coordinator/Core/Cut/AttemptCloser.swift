package import CutProtocol
package import Logging
package import Model

/// Sees to it that no attempt stays open on a node: members of a committed attempt are settled, all others aborted,
/// again and again until the agent has answered that nothing is left.
package actor AttemptCloser {
  private let store: any CutStore
  private let gateway: any AgentGateway
  private let fences: FenceSource
  private let logger: Logger
  /// Attempts of cuts that still run; theirs is the cut's own business.
  private var running: Set<BackupID> = []
  /// Members that have answered with their certificate since this coordinator started: their snapshots are there now.
  private var confirmed: Set<Confirmation> = []

  private struct Confirmation: Hashable {
    var fence: Fence
    var member: ServiceName
  }

  package init(
    store: any CutStore, gateway: any AgentGateway, fences: FenceSource, logger: Logger
  ) {
    self.store = store
    self.gateway = gateway
    self.fences = fences
    self.logger = logger
  }

  package func began(_ backup: BackupID) { running.insert(backup) }

  /// The cut is committed; closes what is open of it at once.
  package func ended(_ backup: BackupID) async {
    running.remove(backup)
    await sweep(node: nil)
  }

  package func nodeConnected(_ node: NodeID) async { await sweep(node: node) }

  /// How many members of attempts are still open, those of running cuts left out.
  package func openCount() async -> Int {
    do {
      return try await store.unfinished().members.filter { !running.contains($0.backup) }.count
    } catch {
      return 0
    }
  }

  /// A report arrived. `ended` closes the member's attempt durably whoever waited for it; certificates that no running
  /// cut waits for are kept for the cut's recovery.
  package func reported(_ report: CutReport, from node: NodeID, isAwaited: Bool) async {
    do throws(CatalogError) {
      switch report.news {
      case .ended:
        confirmed.remove(Confirmation(fence: report.fence, member: report.member))
        try await store.close(report.fence, member: report.member)
      case .certified(let certificate) where !isAwaited:
        try await store.keep(certificate, fence: report.fence, member: report.member)
        // What was said to an earlier coordinator, and came late, may have been taken back since on its order.
        guard await fences.epoch == report.obeyed else { return }
        // Only recovery asks for certificates that no cut awaits, and it ends within its patience.
        confirmed.insert(Confirmation(fence: report.fence, member: report.member))
      default:
        break
      }
    } catch {
      // Rehearsals are no attempts of any backup.
      guard error.code != .notFound else { return }
      // Swept again later; an agent answers the same as often as it is asked.
      logger.warning(
        "report not stored", metadata: ["member": "\(report.member)", "error": "\(error)"])
    }
  }

  /// Asks a member what became of its attempt.
  func ask(_ fence: Fence, _ member: ServiceName, on node: NodeID) async throws(GatewayError) {
    try await gateway.send(.query(fence: fence, member: member, by: await fences.epoch), to: node)
  }

  /// Whether the member has said since the start that it still has what its certificate names.
  package func isConfirmed(_ fence: Fence, _ member: ServiceName) -> Bool {
    confirmed.contains(Confirmation(fence: fence, member: member))
  }

  /// Sends each open member what ends its attempt.
  package func sweep(node: NodeID?) async {
    let work: UnfinishedWork
    do {
      work = try await store.unfinished()
    } catch {
      logger.warning("open attempts not read", metadata: ["error": "\(error)"])
      return
    }
    let epoch = await fences.epoch
    let undecided = Set(work.begun.map(\.plan.backup))
    for open in work.members
    where !running.contains(open.backup) && !undecided.contains(open.backup) {
      guard node == nil || node == open.node else { continue }
      let order: CutOrder =
        open.committed
        ? .settled(fence: open.fence, member: open.member, by: epoch)
        : .abort(
          fence: open.fence, member: open.member, reason: "its attempt is not part of any backup",
          by: epoch)
      // A node that is away is swept when it connects.
      try? await gateway.send(order, to: open.node)
    }
  }
}
