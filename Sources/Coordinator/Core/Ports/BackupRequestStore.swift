package import CutProtocol
package import Model

/// Which backup was taken for which request, for as long as the catalog lives: longer than the backup.
package protocol BackupRequestStore: Sendable {
  /// As `CutStore.create`, and notes in the same transaction that the plan answers `request`. Throws `conflict` for a
  /// request that was answered before.
  func create(_ plan: SealedPlan, by author: String, for request: RequestID)
    async throws(CatalogError)
  /// The backup that answers `request`, which may have been deleted since; nil for a request never answered.
  func backup(for request: RequestID) async throws(CatalogError) -> BackupID?
  /// Notes that the backup is not to be shown as an object any more. Idempotent.
  func release(_ backup: BackupID) async throws(CatalogError)
  /// Backups that are there and were released.
  func released() async throws(CatalogError) -> Set<BackupID>
}

/// What tells one request for a backup from every other, chosen by whoever asks.
package struct RequestID: OpaqueHandle {
  package static let kind = "request ID"
  package let text: String
  package init(accepted text: String) { self.text = text }
}
