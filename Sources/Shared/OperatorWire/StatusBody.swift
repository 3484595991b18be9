package import Model

/// The fleet at a glance: `GET /v1/status`.
package struct StatusBody: Codable, Hashable, Sendable {
  package struct Waiting: Codable, Hashable, Sendable {
    package var backup: BackupID
    /// For people.
    package var waitsFor: String

    package init(backup: BackupID, waitsFor: String) {
      self.backup = backup
      self.waitsFor = waitsFor
    }
  }

  package var fleet: FleetID
  /// The coordinator's version.
  package var version: String
  /// Grows at every start of the coordinator.
  package var epoch: UInt64
  package var startedAt: Timestamp
  package var nodes: [NodeBody]
  package var services: [ServiceBody]
  /// Backups whose cuts run now.
  package var running: [BackupID]
  /// Backups whose turn has not come.
  package var waiting: [Waiting]
  /// Members of former attempts whose snapshots still have to be deleted.
  package var openClean: Int

  package init(
    fleet: FleetID, version: String, epoch: UInt64, startedAt: Timestamp, nodes: [NodeBody],
    services: [ServiceBody], running: [BackupID], waiting: [Waiting], openClean: Int
  ) {
    self.fleet = fleet
    self.version = version
    self.epoch = epoch
    self.startedAt = startedAt
    self.nodes = nodes
    self.services = services
    self.running = running
    self.waiting = waiting
    self.openClean = openClean
  }
}
