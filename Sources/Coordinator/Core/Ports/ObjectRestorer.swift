package import CutProtocol
package import Model

/// Puts the objects of a backup back into a cluster.
package protocol ObjectRestorer: Sendable {
  /// Everything that `perform` would do, in its order; changes nothing. Where an action refuses, `perform` does nothing else.
  func actions(of job: ObjectRestoreJob) async throws(OperationError) -> [ObjectAction]
  /// Does it. Asked again for the same restore, after whatever crash, it goes on where it was: what bears the restore's mark is
  /// not written a second time, and no hook of `job.ended` is run again. Final unless `unavailable`.
  func perform(
    _ job: ObjectRestoreJob, _ tell: @Sendable (ObjectRestoreNews) async -> Void
  ) async throws(OperationError)
}

/// What a restore of objects tells while it goes on.
package enum ObjectRestoreNews: Hashable, Sendable {
  case phase(String, done: Int, total: Int)
  case hook(HookOutcome)
}

/// All that one restore of objects needs to know.
package struct ObjectRestoreJob: Sendable {
  package var restore: RestoreID
  package var backup: BackupID
  package var order: ObjectRestoreOrder
  /// Those that are restored, dependencies first.
  package var services: [MemberPlan]
  /// With Secrets in clear.
  package var manifests: [BackupManifest]
  package var snapshots: [SnapshotRecord]
  /// Hooks that ended before the coordinator was started anew.
  package var ended: [HookOutcome]
  /// Room in memory, for as long as any copy of this is held.
  var claim: ManifestRoom.Claim?

  package init(
    restore: RestoreID, backup: BackupID, order: ObjectRestoreOrder, services: [MemberPlan],
    manifests: [BackupManifest], snapshots: [SnapshotRecord],
    ended: [HookOutcome] = []
  ) {
    self.restore = restore
    self.backup = backup
    self.order = order
    self.services = services
    self.manifests = manifests
    self.snapshots = snapshots
    self.ended = ended
  }
}
