package import Model

package protocol RestoreOperations: Sendable {
  /// Starts a restore; returns once it is durable.
  func createRestore(_ request: RestoreRequest, author: String) async throws(OperationError)
    -> RestoreRecord
  /// What the restore of a backup's objects would do, in its order; changes nothing.
  func previewRestore(_ request: RestoreRequest) async throws(OperationError) -> [ObjectAction]
  func restores() async throws(OperationError) -> [RestoreRecord]
  func restore(_ id: RestoreID) async throws(OperationError) -> RestoreRecord
}

package struct RestoreRequest: Hashable, Sendable {
  package var backup: BackupID
  /// Empty means every member of the backup.
  package var services: [ServiceName]
  /// A directory on the nodes to publish beside; nil means the original place.
  package var into: String?
  /// Allows a backup whose grade is `unproven`.
  package var acceptUnproven: Bool
  /// Brings back the namespaces' objects, with claims from the snapshots, instead of volumes alone.
  package var objects: ObjectRestoreOrder?

  package init(
    backup: BackupID, services: [ServiceName], into: String?, acceptUnproven: Bool,
    objects: ObjectRestoreOrder? = nil
  ) {
    self.backup = backup
    self.services = services
    self.into = into
    self.acceptUnproven = acceptUnproven
    self.objects = objects
  }
}
