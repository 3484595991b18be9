package import Model

/// A restore of a backup.
package struct RestoreBody: Codable, Hashable, Sendable {
  package enum State: String, Codable, Hashable, Sendable {
    case running, completed, failed
  }

  /// One volume's way back, in the order in which they are restored.
  package struct Step: Codable, Hashable, Sendable {
    package var member: ServiceName
    package var node: NodeID
    package var containerPath: String
    package var driver: DriverName
    package var snapshot: SnapshotHandle
    /// Where it was published; absent until it is done.
    package var restored: VolumeRef?

    package init(
      member: ServiceName, node: NodeID, containerPath: String, driver: DriverName,
      snapshot: SnapshotHandle, restored: VolumeRef?
    ) {
      self.member = member
      self.node = node
      self.containerPath = containerPath
      self.driver = driver
      self.snapshot = snapshot
      self.restored = restored
    }
  }

  package var id: RestoreID
  package var backup: BackupID
  /// The directory on each node beside which volumes are published; absent for the original places.
  package var into: String?
  package var createdBy: String
  package var createdAt: Timestamp
  package var endedAt: Timestamp?
  package var state: State
  /// Why it failed.
  package var reason: String?
  package var steps: [Step]
  /// Of a restore of objects, which has no steps.
  package var objects: ObjectRestoreProgressBody?

  package init(
    id: RestoreID, backup: BackupID, into: String?, createdBy: String, createdAt: Timestamp,
    endedAt: Timestamp?, state: State, reason: String?, steps: [Step],
    objects: ObjectRestoreProgressBody? = nil
  ) {
    self.id = id
    self.backup = backup
    self.into = into
    self.createdBy = createdBy
    self.createdAt = createdAt
    self.endedAt = endedAt
    self.state = state
    self.reason = reason
    self.steps = steps
    self.objects = objects
  }
}
