package import Model

/// What backups keep of their namespaces' objects. Every call is durable when it returns.
///
/// Manifests count only once `finish` was called: what a stopped coordinator left behind is not shown, and is taken away
/// with the backup or by the next `begin`.
package protocol ManifestStore: Sendable {
  /// Notes that they are being taken by the coordinator of `epoch`; seen under a later epoch, they have failed.
  func beginManifests(of backup: BackupID, in namespaces: [String], epoch: UInt64)
    async throws(CatalogError)
  /// Adds some, in the order of the calls.
  func addManifests(_ manifests: [BackupManifest], to backup: BackupID) async throws(CatalogError)
  func finishManifests(_ summary: ManifestSummary, of backup: BackupID) async throws(CatalogError)
  /// Those behind the place `after`: at most `limit`, and fewer where they are large. Each is compared with its digest.
  func manifests(of backup: BackupID, after: Int, limit: Int) async throws(CatalogError)
    -> [NumberedManifest]
}
