internal import CutProtocol
package import Model

extension BackupService {
  /// How many snapshots one node is asked for at once.
  private static let mostAsked = 200
  /// Below what the client of an operator waits for.
  private static let patience = Duration.seconds(30)

  package func presence(of id: BackupID) async throws(OperationError) -> [SnapshotStanding] {
    let record = try await backup(id)
    guard record.verdict != nil else {
      throw OperationError(.conflict, "backup \(id) is still being taken")
    }
    var wanted: [NodeID: [SnapshotStanding]] = [:]
    for certificate in record.groups.flatMap(\.certificates) {
      // A certificate that cannot be read names no snapshot; the verdict names it.
      guard let statement = try? certificate.decoded() else { continue }
      // One of a volume that others have is listed with the member whose agent took it.
      let taken = statement.snapshots + (statement.snapshotsForOthers ?? [])
      for snapshot in taken where snapshot.takenBy == nil {
        wanted[statement.node, default: []].append(
          SnapshotStanding(
            member: statement.member, node: statement.node, containerPath: snapshot.containerPath,
            reference: SnapshotReference(
              driver: snapshot.volume.driver, snapshot: snapshot.handle),
            presence: .unknown("not asked yet")))
      }
    }
    let found = await withTaskGroup(of: [SnapshotStanding].self) { nodes in
      for (node, standings) in wanted {
        nodes.addTask { await self.asked(node, standings) }
      }
      var all: [SnapshotStanding] = []
      for await standings in nodes { all += standings }
      return all
    }
    return found.sorted { ($0.member, $0.containerPath) < ($1.member, $1.containerPath) }
  }

  private func asked(_ node: NodeID, _ standings: [SnapshotStanding]) async -> [SnapshotStanding] {
    var result = standings
    let deadline = environment.clock.now() + Self.patience
    for start in stride(from: 0, to: standings.count, by: Self.mostAsked) {
      let places = start..<min(start + Self.mostAsked, standings.count)
      let (presences, failure) = await presences(
        standings[places].map(\.reference), on: node, until: deadline)
      for (place, presence) in zip(places, presences) { result[place].presence = presence }
      guard let failure else { continue }
      for place in start..<standings.count { result[place].presence = .unknown(failure) }
      break
    }
    return result
  }

  /// What the node answers, or why it does not.
  private func presences(
    _ wanted: [SnapshotReference], on node: NodeID, until deadline: Duration
  ) async
    -> (found: [SnapshotPresence], failure: String?)
  {
    do {
      switch try await environment.gateway.request(
        .findSnapshots(wanted), to: node,
        timeout: max(.milliseconds(1), deadline - environment.clock.now()))
      {
      case .found(let presences) where presences.count == wanted.count: return (presences, nil)
      case .failed(let refusal): return ([], refusal.message)
      default: return ([], "\(node) answered something else than it was asked")
      }
    } catch {
      return ([], error.message)
    }
  }
}
