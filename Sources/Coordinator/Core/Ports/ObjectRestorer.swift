package import CutProtocol
package import Model

/// Puts the objects of a backup back into a cluster.
package protocol ObjectRestorer: Sendable {
  /// Everything that `perform` would do, in its order; changes nothing. Where an action refuses, `perform` does nothing else.
  func actions(of job: ObjectRestoreJob) async throws(OperationError) -> [ObjectAction]
  /// Does it. Asked again for the same restore, after whatever crash, it goes on where it was: what bears the restore's mark is
  /// not written a second time. Final unless `unavailable`.
  func perform(
    _ job: ObjectRestoreJob,
    _ progress: @Sendable (_ phase: String, _ done: Int, _ total: Int) async -> Void
  ) async throws(OperationError)
}

/// All that one restore of objects needs to know.
package struct ObjectRestoreJob: Sendable {
  package var restore: RestoreID
  package var backup: BackupID
  package var order: ObjectRestoreOrder
  /// Dependencies first.
  package var services: [MemberPlan]
  /// With Secrets in clear.
  package var manifests: [BackupManifest]
  package var snapshots: [SnapshotRecord]

  package init(
    restore: RestoreID, backup: BackupID, order: ObjectRestoreOrder, services: [MemberPlan],
    manifests: [BackupManifest], snapshots: [SnapshotRecord]
  ) {
    self.restore = restore
    self.backup = backup
    self.order = order
    self.services = services
    self.manifests = manifests
    self.snapshots = snapshots
  }
}
