package import CutProtocol
package import Model

/// What the catalog knows of the fleet's nodes. Enrolment itself is behind `NodeRegistry` and `TokenStore`.
package protocol NodeStore: Sendable {
  func nodes() async throws(CatalogError) -> [NodeRecord]
  func node(_ id: NodeID) async throws(CatalogError) -> NodeRecord?
  /// Notes what the agent said when it connected.
  func connected(_ id: NodeID, hello: AgentHello, at time: Timestamp) async throws(CatalogError)
  /// Notes heartbeats; called at most every few seconds per node.
  ///
  /// The node counts as known through an observation only if its journal is the node's current one and is applied as
  /// far as the observation says, and never beyond `time`; otherwise what was known before stands.
  func seen(_ id: NodeID, observed: JournalObservation?, at time: Timestamp)
    async throws(CatalogError)
  /// Revokes the node's identity for good; its history stays.
  func revoke(_ id: NodeID, at time: Timestamp) async throws(CatalogError)
}

package struct NodeRecord: Hashable, Sendable {
  package var id: NodeID
  package var enrolledAt: Timestamp
  package var revokedAt: Timestamp?
  package var lastSeen: Timestamp?
  /// Placements of this node are known up to here.
  package var observedThrough: Timestamp?
  package var agentVersion: String?

  package init(
    id: NodeID, enrolledAt: Timestamp, revokedAt: Timestamp?, lastSeen: Timestamp?,
    observedThrough: Timestamp?, agentVersion: String?
  ) {
    self.id = id
    self.enrolledAt = enrolledAt
    self.revokedAt = revokedAt
    self.lastSeen = lastSeen
    self.observedThrough = observedThrough
    self.agentVersion = agentVersion
  }
}
