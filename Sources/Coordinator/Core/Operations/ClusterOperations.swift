package import Model

/// What controllers of a cluster ask for, who may ask twice for the same and must get it once.
package protocol ClusterOperations: Sendable {
  /// As `BackupOperations.createBackup`; a request that was answered before gets the same backup, however often and after
  /// whatever crash it comes again.
  func createBackup(of plan: PlanName, author: String, for request: RequestID)
    async throws(OperationError) -> BackupID
  /// The backup that answers `request`, which may have been deleted since.
  func backup(for request: RequestID) async throws(OperationError) -> BackupID?
  /// From now on the backup is not to be shown as an object.
  func release(_ backup: BackupID) async throws(OperationError)
  func released() async throws(OperationError) -> Set<BackupID>
  /// How far a running cut has come; nil for one that does not run.
  func standing(of backup: BackupID) async -> CutStanding?
}

/// How far a cut has come.
package struct CutStanding: Hashable, Sendable {
  /// Members that are or were held in the present attempt.
  package var held: Int
  /// What happened last, for people.
  package var last: String?
  /// What has to end before it begins, for people; nil once its turn has come.
  package var waitsFor: String?

  package init(held: Int, last: String?, waitsFor: String? = nil) {
    self.held = held
    self.last = last
    self.waitsFor = waitsFor
  }
}

/// Restores by objects of a cluster, whose requests may come twice.
package protocol ClusterRestores: Sendable {
  /// As `RestoreOperations.createRestore`, under a name that the caller chose: asked again, the same restore is returned.
  func createRestore(_ request: RestoreRequest, as id: RestoreID, author: String)
    async throws(OperationError) -> RestoreRecord
  /// As `RestoreOperations.previewRestore`.
  func previewRestore(_ request: RestoreRequest) async throws(OperationError) -> [ObjectAction]
  /// Nil for one that was never started.
  func find(_ id: RestoreID) async throws(OperationError) -> RestoreRecord?
}
