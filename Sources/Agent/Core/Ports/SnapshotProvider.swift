package import CutProtocol
package import Model

/// Snapshots and volumes of this node, through CSI drivers or a Kubernetes API.
///
/// Names make `cut` idempotent: the provider retries what the CSI specification calls retryable until `deadline`,
/// the caller does not.
package protocol SnapshotProvider: Sendable {
  /// The CSI volume that is mounted at or above this directory of the node; nil for anything else.
  func volume(at hostPath: String) async throws(Refusal) -> VolumeRef?
  /// Checks that every volume's driver answers and can snapshot; the typical time of a cut, as measured so far.
  func prepare(_ volumes: [MemberVolume]) async throws(Refusal) -> Duration
  /// As `prepare` above, with what is known about the cut. What it opens stays open until `discard`.
  func prepare(_ volumes: [MemberVolume], for cut: PlannedCut) async throws(Refusal)
    -> SnapshotReadiness
  /// Ends what `prepare` opened: the hold is over, or never came. A `cut` that is still under way may end with a refusal.
  func discard(_ name: SnapshotName) async
  /// Returns when every volume is cut, ready or not. `clock` gives the moments for the records.
  func cut(
    _ volumes: [MemberVolume], name: SnapshotName, clock: @Sendable () -> Duration
  ) async throws(Refusal) -> [SnapshotRecord]
  /// Deletes by handle; a snapshot that is not there any more counts as deleted.
  func delete(driver: DriverName, snapshot: SnapshotHandle, group: SnapshotHandle?)
    async throws(Refusal)
  /// Whether these snapshots are still there, in the same order.
  func presence(of snapshots: [SnapshotReference]) async -> [SnapshotPresence]
  /// Finds what a crashed or late `cut` of this name made, and deletes it; the number deleted.
  func deleteOrphans(_ volumes: [MemberVolume], name: SnapshotName) async throws(Refusal) -> Int
  /// Makes a volume from a snapshot and publishes it; see `VolumeRestore`.
  func restore(_ order: VolumeRestore) async throws(Refusal) -> VolumeRef
  /// Tries a driver on volumes of its own, and takes them away again.
  func probe(_ order: DriverProbe) async throws(Refusal) -> ProbeFindings
}

extension SnapshotProvider {
  /// For providers to which every cut is like another.
  package func prepare(_ volumes: [MemberVolume], for cut: PlannedCut) async throws(Refusal)
    -> SnapshotReadiness
  {
    SnapshotReadiness(predicted: try await prepare(volumes))
  }

  /// For providers that cannot be asked.
  package func presence(of snapshots: [SnapshotReference]) async -> [SnapshotPresence] {
    snapshots.map { _ in .unknown("this agent cannot look for snapshots") }
  }

  /// For providers that keep nothing open.
  package func discard(_ name: SnapshotName) async {}
}
