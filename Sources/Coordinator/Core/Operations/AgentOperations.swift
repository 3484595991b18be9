package import Model

package protocol AgentOperations: Sendable {
  /// A single-use enrolment token for the node, valid for 15 minutes; its text is shown once and never stored.
  func createToken(for node: NodeID, author: String) async throws(OperationError)
    -> (text: String, expires: Timestamp)
  /// Revokes the agent's identity: refused on its next message.
  func revoke(_ node: NodeID, author: String) async throws(OperationError)
  func audit(limit: Int) async throws(OperationError) -> [AuditEntry]
  /// Writes a consistent copy of the catalog into a file of the coordinator's host that does not exist yet.
  func backupCatalog(to path: String, author: String) async throws(OperationError)
}
