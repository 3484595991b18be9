package import CutProtocol
package import Model

/// What operators can ask about the fleet. `author` is the caller's checked identity in every operation that changes something.
package protocol FleetOperations: Sendable {
  func status() async throws(OperationError) -> FleetStatus
  func nodes() async throws(OperationError) -> [NodeStatus]
  func services() async throws(OperationError) -> [ServiceStatus]
  /// The one service that is meant. Throws `notFound`, or `invalid` where it may be several, with their names.
  func service(_ reference: ServiceReference) async throws(OperationError) -> ServiceID
  /// Where the service ran at `time`, or now.
  func whereabouts(of service: ServiceID, at time: Timestamp?) async throws(OperationError)
    -> Whereabouts
  func history(of service: ServiceID, limit: Int) async throws(OperationError)
    -> [PlacementInterval]
  func placements(on node: NodeID) async throws(OperationError) -> [Placement]
}

package struct FleetStatus: Hashable, Sendable {
  package var fleet: FleetID
  package var version: String
  package var epoch: UInt64
  package var startedAt: Timestamp
  package var nodes: [NodeStatus]
  package var services: [ServiceStatus]
  /// Cuts that run now.
  package var running: [BackupID]
  /// What the backups wait for whose turn has not come.
  package var waiting: [BackupID: String]
  /// Snapshots of failed attempts that still have to be deleted.
  package var openClean: Int

  package init(
    fleet: FleetID, version: String, epoch: UInt64, startedAt: Timestamp, nodes: [NodeStatus],
    services: [ServiceStatus], running: [BackupID], waiting: [BackupID: String], openClean: Int
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

package struct NodeStatus: Hashable, Sendable {
  package enum Connection: String, Hashable, Codable, Sendable {
    case connected, away, revoked
  }

  package var record: NodeRecord
  package var connection: Connection
  /// What is held on the node right now, as of its last heartbeat.
  package var held: [AgentHeartbeat.Held]
  /// What does not work there.
  package var troubles: [String]
  package var placements: Int

  package init(
    record: NodeRecord, connection: Connection, held: [AgentHeartbeat.Held], troubles: [String],
    placements: Int
  ) {
    self.record = record
    self.connection = connection
    self.held = held
    self.troubles = troubles
    self.placements = placements
  }
}

package struct ServiceStatus: Hashable, Sendable {
  package var service: ServiceID
  /// The kind of what its newest pod belongs to, such as `Deployment`; nil where no cluster told it.
  package var kind: String?
  /// The running placements; empty when it does not run.
  package var placements: [Placement]
  /// Plans that name a matching selector.
  package var plans: [PlanName]
  /// The newest backup that met its plan.
  package var lastGood: BackupID?
  package var lastGoodAt: Timestamp?

  package init(
    service: ServiceID, kind: String? = nil, placements: [Placement], plans: [PlanName],
    lastGood: BackupID?, lastGoodAt: Timestamp?
  ) {
    self.service = service
    self.kind = kind
    self.placements = placements
    self.plans = plans
    self.lastGood = lastGood
    self.lastGoodAt = lastGoodAt
  }
}
