package import CutProtocol
package import Model

/// Backups as users see them.
package protocol BackupStore: Sendable {
  /// Newest first; of one plan when it is given.
  func backups(of plan: PlanName?, limit: Int) async throws(CatalogError) -> [BackupRecord]
  func backup(_ id: BackupID) async throws(CatalogError) -> BackupRecord?
  /// Every backup that has its outcome and is not being deleted.
  func ended() async throws(CatalogError) -> [BackupID]
  /// Adds a line to the backup's log.
  func log(_ entry: BackupLogEntry, of backup: BackupID) async throws(CatalogError)
  /// Adds several lines in one change; the catalog's own way, where it has one, costs a single flush.
  func log(_ entries: [BackupLogEntry], of backup: BackupID) async throws(CatalogError)
  func logs(of backup: BackupID) async throws(CatalogError) -> [BackupLogEntry]
  /// Takes over a backup that ended under another catalog of this fleet. Its members are open until they are settled. The
  /// same one once more changes nothing; another one of its name is a `conflict`.
  func takeOver(_ backup: BackupRecord) async throws(CatalogError)
  /// Marks the backup as being deleted: it can not be restored any more, its snapshots are to be removed.
  func beginDeletion(_ id: BackupID, at time: Timestamp) async throws(CatalogError)
  /// Removes the backup after its snapshots are gone. The audit keeps that it existed.
  func finishDeletion(_ id: BackupID) async throws(CatalogError)
}

extension BackupStore {
  package func log(_ entries: [BackupLogEntry], of backup: BackupID) async throws(CatalogError) {
    for entry in entries { try await log(entry, of: backup) }
  }
}

package struct BackupRecord: Hashable, Sendable {
  package var plan: SealedPlan
  package var createdBy: String
  /// Nil while the cut runs.
  package var verdict: Verdict?
  package var groups: [GroupEvidence]
  package var endedAt: Timestamp?
  package var deletionBegan: Timestamp?
  package var attempts: Int
  /// Nil for a backup that was taken without looking at a cluster's objects.
  package var manifests: ManifestSummary?

  package init(
    plan: SealedPlan, createdBy: String, verdict: Verdict?, groups: [GroupEvidence],
    endedAt: Timestamp?, deletionBegan: Timestamp?, attempts: Int,
    manifests: ManifestSummary? = nil
  ) {
    self.plan = plan
    self.createdBy = createdBy
    self.verdict = verdict
    self.groups = groups
    self.endedAt = endedAt
    self.deletionBegan = deletionBegan
    self.attempts = attempts
    self.manifests = manifests
  }

  /// Whether it has the grade that its plan requires, and the manifests where it requires them; nil while that is not known.
  package var meetsPlan: Bool? {
    guard let verdict else { return nil }
    guard verdict.grade >= plan.plan.requires else { return false }
    guard plan.plan.manifests?.capture == .required else { return true }
    return manifests?.state == .pending ? nil : manifests?.state == .complete
  }
}

package struct BackupLogEntry: Hashable, Codable, Sendable {
  package var time: Timestamp
  package var member: ServiceName?
  package var text: String

  package init(time: Timestamp, member: ServiceName?, text: String) {
    self.time = time
    self.member = member
    self.text = text
  }
}
