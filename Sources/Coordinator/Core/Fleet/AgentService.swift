package import Model

/// Lets agents in and shuts them out; the audit.
package struct AgentService: AgentOperations {
  /// Makes and stores an enrolment token; from the identity module.
  package typealias TokenIssuer =
    @Sendable (NodeID) async throws -> (text: String, expires: Timestamp)
  /// Copies the catalog into a new file.
  package typealias CatalogBackup = @Sendable (String) async throws(CatalogError) -> Void

  private let nodes: any NodeStore
  private let auditStore: any AuditStore
  private let gateway: any AgentGateway
  private let issue: TokenIssuer
  private let copyCatalog: CatalogBackup

  package init(
    nodes: any NodeStore, audit: any AuditStore, gateway: any AgentGateway,
    issue: @escaping TokenIssuer, copyCatalog: @escaping CatalogBackup
  ) {
    self.nodes = nodes
    self.auditStore = audit
    self.gateway = gateway
    self.issue = issue
    self.copyCatalog = copyCatalog
  }

  package func createToken(for node: NodeID, author: String) async throws(OperationError)
    -> (text: String, expires: Timestamp)
  {
    let token: (text: String, expires: Timestamp)
    do {
      token = try await issue(node)
    } catch {
      throw OperationError(.unavailable, "no token could be made for \(node): \(error)")
    }
    try await note(author, "agent.token", node.text)
    return token
  }

  package func revoke(_ node: NodeID, author: String) async throws(OperationError) {
    do throws(CatalogError) {
      guard try await nodes.node(node) != nil else {
        throw CatalogError(
          .notFound, "there is no node \(node)", hint: "see 'stillpoint node list'")
      }
      try await nodes.revoke(node, at: .now())
    } catch {
      throw OperationError(error)
    }
    try await note(author, "agent.revoke", node.text)
    await gateway.disconnect(node)
  }

  package func audit(limit: Int) async throws(OperationError) -> [AuditEntry] {
    do { return try await auditStore.auditEntries(limit: limit) } catch {
      throw OperationError(error)
    }
  }

  package func backupCatalog(to path: String, author: String) async throws(OperationError) {
    guard path.hasPrefix("/") else {
      throw OperationError(.invalid, "'\(path)' is no absolute path of the coordinator's host")
    }
    do {
      try await copyCatalog(path)
    } catch {
      throw OperationError(error)
    }
    do {
      try await note(author, "catalog.backup", path)
    } catch {
      // The disk that refuses the entry is the one whose catalog had to be saved: what is there is said.
      throw OperationError(
        error.code,
        "the copy at \(path) is complete, but the audit does not have it: \(error.message)",
        hint: error.hint)
    }
  }

  private func note(_ author: String, _ action: String, _ object: String)
    async throws(OperationError)
  {
    do {
      try await auditStore.audit(
        AuditEntry(time: .now(), actor: author, action: action, object: object))
    } catch {
      throw OperationError(error)
    }
  }
}
