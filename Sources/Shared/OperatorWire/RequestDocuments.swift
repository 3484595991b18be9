package import Model

/// The body of a request. Keys outside `keys` are refused, so that a misspelt one is not silently ignored.
package protocol RequestDocument: Codable, Sendable {
  static var keys: Set<String> { get }
}

/// `POST /v1/backups`
package struct CreateBackup: RequestDocument, Hashable {
  package static let keys: Set<String> = ["plan"]
  package var plan: PlanName

  package init(plan: PlanName) { self.plan = plan }
}

/// `POST /v1/restores`
package struct CreateRestore: RequestDocument, Hashable {
  package static let keys: Set<String> = [
    "backup", "services", "into", "acceptUnproven", "objects",
  ]
  package var backup: BackupID
  /// Absent or empty means every member.
  package var services: [ServiceName]?
  /// A directory on the nodes; absent restores to the original places.
  package var into: String?
  /// Must be true to restore a backup whose grade is `unproven`.
  package var acceptUnproven: Bool?
  /// Brings back the namespaces' objects, with claims from the snapshots, instead of volumes alone.
  package var objects: ObjectRestoreBody?

  package init(
    backup: BackupID, services: [ServiceName]?, into: String?, acceptUnproven: Bool?,
    objects: ObjectRestoreBody? = nil
  ) {
    self.backup = backup
    self.services = services
    self.into = into
    self.acceptUnproven = acceptUnproven
    self.objects = objects
  }
}

/// `POST /v1/agents/tokens`
package struct CreateToken: RequestDocument, Hashable {
  package static let keys: Set<String> = ["node"]
  package var node: NodeID

  package init(node: NodeID) { self.node = node }
}

/// `POST /v1/catalog/backup`
package struct BackupCatalog: RequestDocument, Hashable {
  package static let keys: Set<String> = ["path"]
  /// A file of the coordinator's host that does not exist yet; absolute.
  package var path: String

  package init(path: String) { self.path = path }
}

/// The answer to `POST /v1/backups`.
package struct CreatedBackup: Codable, Hashable, Sendable {
  package var id: BackupID

  package init(id: BackupID) { self.id = id }
}
