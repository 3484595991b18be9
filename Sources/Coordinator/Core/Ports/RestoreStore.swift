package import CutProtocol
package import Model

package protocol RestoreStore: Sendable {
  /// Stores a restore before its first request; the same call with the same ID replaces the record.
  func saveRestore(_ record: RestoreRecord) async throws(CatalogError)
  func restores() async throws(CatalogError) -> [RestoreRecord]
  func restore(_ id: RestoreID) async throws(CatalogError) -> RestoreRecord?
}

package struct RestoreRecord: Hashable, Codable, Sendable {
  package enum State: Hashable, Codable, Sendable {
    case running, completed
    case failed(reason: String)
  }

  /// One volume's way back, in the order in which they are restored.
  package struct Step: Hashable, Codable, Sendable {
    package var member: ServiceName
    package var node: NodeID
    package var source: SnapshotRecord
    /// Where it was published; nil until it is done.
    package var restored: VolumeRef?

    package init(
      member: ServiceName, node: NodeID, source: SnapshotRecord, restored: VolumeRef? = nil
    ) {
      self.member = member
      self.node = node
      self.source = source
      self.restored = restored
    }
  }

  package var id: RestoreID
  package var backup: BackupID
  /// The directory on each node beside which volumes are published; nil restores to the original place.
  package var into: String?
  package var createdBy: String
  package var createdAt: Timestamp
  package var endedAt: Timestamp?
  package var state: State
  package var steps: [Step]
  /// Of a restore of objects, which has no steps.
  package var objects: ObjectRestoreState?

  package init(
    id: RestoreID, backup: BackupID, into: String?, createdBy: String, createdAt: Timestamp,
    endedAt: Timestamp?, state: State, steps: [Step],
    objects: ObjectRestoreState? = nil
  ) {
    self.id = id
    self.backup = backup
    self.into = into
    self.createdBy = createdBy
    self.createdAt = createdAt
    self.endedAt = endedAt
    self.state = state
    self.steps = steps
    self.objects = objects
  }
}
