package import CutProtocol
package import Model

/// A second place for what ended backups prove, apart from the catalog. Every change is durable when the call returns.
package protocol BackupArchive: Sendable {
  /// The backups that are in it.
  func contents() async throws(ArchiveError) -> Set<BackupID>
  /// Stores one, or replaces it.
  func store(_ evidence: BackupEvidence, of backup: BackupID) async throws(ArchiveError)
  /// Removes one; what is not there counts as removed.
  func remove(_ backup: BackupID) async throws(ArchiveError)
}

/// The archive cannot be read or written.
package struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}
