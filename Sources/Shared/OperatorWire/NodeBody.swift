package import Model

/// A node and its agent.
package struct NodeBody: Codable, Hashable, Sendable {
  package enum Connection: String, Codable, Hashable, Sendable {
    case connected, away, revoked
  }

  package var name: NodeID
  package var connection: Connection
  package var enrolledAt: Timestamp
  package var revokedAt: Timestamp?
  package var lastSeen: Timestamp?
  /// What ran on the node is known up to here.
  package var observedThrough: Timestamp?
  package var agentVersion: String?
  /// How many containers run there.
  package var placements: Int
  /// What is held there now, as of the last heartbeat.
  package var held: [HeldBody]
  /// What does not work there, one sentence each.
  package var troubles: [String]

  package init(
    name: NodeID, connection: Connection, enrolledAt: Timestamp, revokedAt: Timestamp?,
    lastSeen: Timestamp?, observedThrough: Timestamp?, agentVersion: String?, placements: Int,
    held: [HeldBody], troubles: [String]
  ) {
    self.name = name
    self.connection = connection
    self.enrolledAt = enrolledAt
    self.revokedAt = revokedAt
    self.lastSeen = lastSeen
    self.observedThrough = observedThrough
    self.agentVersion = agentVersion
    self.placements = placements
    self.held = held
    self.troubles = troubles
  }
}

/// One member that is held still.
package struct HeldBody: Codable, Hashable, Sendable {
  package var member: ServiceName
  /// `epoch.cut.attempt`.
  package var fence: String
  package var hold: String
  package var heldMilliseconds: Double

  package init(member: ServiceName, fence: String, hold: String, heldMilliseconds: Double) {
    self.member = member
    self.fence = fence
    self.hold = hold
    self.heldMilliseconds = heldMilliseconds
  }
}
