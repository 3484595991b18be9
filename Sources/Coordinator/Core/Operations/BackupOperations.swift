package import CutProtocol
package import Model

package protocol BackupOperations: Sendable {
  /// Plans and starts a cut; returns once its plan is durable. Its progress is in `progress(of:)`.
  func createBackup(of plan: PlanName, author: String) async throws(OperationError) -> BackupID
  func backups(of plan: PlanName?, limit: Int) async throws(OperationError) -> [BackupRecord]
  func backup(_ id: BackupID) async throws(OperationError) -> BackupRecord
  /// What those wait for whose turn has not come, a few words each for people.
  func waiting() async -> [BackupID: String]
  func evidence(of id: BackupID) async throws(OperationError) -> BackupEvidence
  /// Takes over an exported backup that the catalog does not have, after its proof has been evaluated. Answers which one.
  func importBackup(_ evidence: BackupEvidence, author: String) async throws(OperationError)
    -> BackupRecord
  /// Evaluates the proof anew from what is stored.
  func verify(_ id: BackupID) async throws(OperationError) -> Verdict
  /// Asks the nodes whether the backup's snapshots are still there.
  func presence(of id: BackupID) async throws(OperationError) -> [SnapshotStanding]
  func logs(of id: BackupID) async throws(OperationError) -> [BackupLogEntry]
  /// What happened so far and then everything as it happens; finishes when the cut has ended. Bounded: a reader
  /// that is too slow loses the oldest entries.
  func progress(of id: BackupID) async throws(OperationError) -> AsyncStream<BackupLogEntry>
  /// Ends a backup that waits or is being taken: everybody thaws, and it has failed. Returns before that is done. Refused for one
  /// that has ended.
  func cancelBackup(_ id: BackupID, author: String) async throws(OperationError)
  /// Deletes the snapshots, then the backup. Refused while a restore uses it.
  func deleteBackup(_ id: BackupID, author: String) async throws(OperationError)
}

/// One snapshot of a backup, and whether it is still there.
package struct SnapshotStanding: Hashable, Sendable {
  package var member: ServiceName
  /// The node that was asked: the one that took it.
  package var node: NodeID
  package var containerPath: String
  package var reference: SnapshotReference
  package var presence: SnapshotPresence

  package init(
    member: ServiceName, node: NodeID, containerPath: String, reference: SnapshotReference,
    presence: SnapshotPresence
  ) {
    self.member = member
    self.node = node
    self.containerPath = containerPath
    self.reference = reference
    self.presence = presence
  }
}
