internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model
internal import Quiescers
internal import Release

/// What the coordinator can ask of this node.
struct AgentHandler: OrderHandler {
  let cuts: CutService
  let ledger: AgentLedger
  let discovery: Discovery
  let snapshots: any SnapshotProvider
  let hooks: HookRunner

  func handle(_ order: CutOrder) async { await cuts.handle(order) }

  func handle(_ request: NodeRequest) async -> NodeReply {
    do throws(Refusal) {
      switch request {
      case .deleteSnapshot(let driver, let snapshot, let group):
        try await snapshots.delete(driver: driver, snapshot: snapshot, group: group)
        return .done
      case .restore(let order):
        return .restored(try await snapshots.restore(order))
      case .probe(let order):
        return .probed(try await snapshots.probe(order))
      case .runHook(let hook):
        return .ran(try await hooks.run(hook))
      case .findSnapshots(let wanted):
        return .found(await snapshots.presence(of: wanted))
      }
    } catch {
      return .failed(error)
    }
  }

  func hello() async -> AgentHello {
    let view = discovery.view
    return AgentHello(
      version: Release.version, boot: await ledger.boot,
      incarnation: await ledger.incarnation, highestFence: await ledger.highestFence,
      journalEnd: view.journalEnd, journal: view.journal)
  }

  func heartbeat() async -> AgentHeartbeat {
    let view = discovery.view
    return AgentHeartbeat(
      observed: view.observation, held: await cuts.held(), troubles: view.troubles)
  }

  /// Every lease runs out by itself; there is nothing to do.
  func coordinatorLost() async {}
}

/// The journal of discovery, as the fleet link reads it.
struct JournalRecords: RecordSource {
  let discovery: Discovery

  var journal: String { discovery.journalID }

  func records(after sequence: UInt64, limit: Int) async throws -> [PlacementRecord] {
    // A coordinator that was restored from an old copy of its catalog asks for what is not kept any more: a new
    // journal then begins, and the link says hello again.
    if try await discovery.meet(applied: sequence) {
      throw Refusal(.busy, "the placement journal began anew")
    }
    return try await discovery.records(after: sequence, limit: limit)
  }

  func waitForRecords(after sequence: UInt64) async {
    await discovery.waitForRecords(after: sequence)
  }

  func acknowledge(through sequence: UInt64) async {
    await discovery.acknowledge(through: sequence)
  }
}
