package import Model

/// A snapshot that a driver answered for, and when, on the agent's monotonic clock.
package struct SnapshotRecord: Hashable, Codable, Sendable {
  package var containerPath: String
  package var volume: VolumeRef
  /// The idempotent name that was asked for; derived from fence, volume and hold ID.
  package var name: String
  package var handle: SnapshotHandle
  /// The group snapshot it belongs to, when the driver cut several volumes at once.
  package var group: SnapshotHandle?
  package var sizeBytes: Int64
  /// The driver's own word for when it cut, by its clock; shown, never used as proof.
  package var createdAt: Timestamp
  package var readyToUse: Bool
  package var requested: Elapsed
  /// When the driver's answer arrived; the cut happened at or before it.
  package var acknowledged: Elapsed
  /// The member whose agent took it, where that is another one than the certificate's own. `name` is then that member's, `requested`
  /// the moment after which it was asked for, and `acknowledged` the arrival of the coordinator's notice.
  package var takenBy: ServiceName?

  package init(
    containerPath: String, volume: VolumeRef, name: String, handle: SnapshotHandle,
    group: SnapshotHandle?, sizeBytes: Int64, createdAt: Timestamp, readyToUse: Bool,
    requested: Duration, acknowledged: Duration,
    takenBy: ServiceName? = nil
  ) {
    self.containerPath = containerPath
    self.volume = volume
    self.name = name
    self.handle = handle
    self.group = group
    self.sizeBytes = sizeBytes
    self.createdAt = createdAt
    self.readyToUse = readyToUse
    self.requested = Elapsed(requested)
    self.acknowledged = Elapsed(acknowledged)
    self.takenBy = takenBy
  }
}
