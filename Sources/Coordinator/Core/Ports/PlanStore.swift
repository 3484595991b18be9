package import Model

package protocol PlanStore: Sendable {
  /// Stores a new revision when the content differs from the current one; returns the current record.
  func save(_ plan: BackupPlan, source: String, by author: String, at time: Timestamp)
    async throws(CatalogError) -> PlanRecord
  func plan(_ name: PlanName) async throws(CatalogError) -> PlanRecord?
  func plans() async throws(CatalogError) -> [PlanRecord]
  /// Its backups stay.
  func deletePlan(_ name: PlanName) async throws(CatalogError)
}

package struct PlanRecord: Hashable, Sendable {
  package var plan: BackupPlan
  /// The text as it was applied.
  package var source: String
  /// Counts from 1.
  package var revision: Int
  package var appliedAt: Timestamp
  package var appliedBy: String

  package init(
    plan: BackupPlan, source: String, revision: Int, appliedAt: Timestamp, appliedBy: String
  ) {
    self.plan = plan
    self.source = source
    self.revision = revision
    self.appliedAt = appliedAt
    self.appliedBy = appliedBy
  }
}
