internal import CutProtocol
package import Model

extension BackupService {
  /// How many snapshots one node is asked for at once.
  private static let mostAsked = 200
  /// A driver may take some time for each.
  private static let patience = Duration.seconds(60)

  package func presence(of id: BackupID) async throws(OperationError) -> [SnapshotStanding] {
    let record = try await backup(id)
    guard record.verdict != nil else {
      throw OperationError(.conflict, "backup \(id) is still being taken")
    }
    var wanted: [NodeID: [SnapshotStanding]] = [:]
    for certificate in record.groups.flatMap(\.certificates) {
      let statement = try statement(certificate, of: id)
      // One that several members share is listed with the member whose agent took it.
      for snapshot in statement.snapshots where snapshot.takenBy == nil {
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
    for start in stride(from: 0, to: standings.count, by: Self.mostAsked) {
      let places = start..<min(start + Self.mostAsked, standings.count)
      let presences = await presences(standings[places].map(\.reference), on: node)
      for (place, presence) in zip(places, presences) { result[place].presence = presence }
    }
    return result
  }

  private func presences(_ wanted: [SnapshotReference], on node: NodeID) async
    -> [SnapshotPresence]
  {
    let reason: String
    do {
      switch try await environment.gateway.request(
        .findSnapshots(wanted), to: node, timeout: Self.patience)
      {
      case .found(let presences) where presences.count == wanted.count: return presences
      case .failed(let refusal): reason = refusal.message
      default: reason = "\(node) answered something else than it was asked"
      }
    } catch {
      reason = error.message
    }
    return wanted.map { _ in .unknown(reason) }
  }
}
