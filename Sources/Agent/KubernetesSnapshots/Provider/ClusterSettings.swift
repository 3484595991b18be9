/// How this node's agent uses the snapshots of its cluster.
package struct ClusterSettings: Hashable, Sendable {
  /// The VolumeSnapshotClass for each driver, where it is not the driver's default.
  package var snapshotClasses: [String: String]
  /// The VolumeGroupSnapshotClass for each driver, where it is not the driver's default.
  package var groupSnapshotClasses: [String: String]
  /// How long the snapshot controller may take to answer in prepare.
  package var controllerAnswer = Duration.seconds(10)
  /// How long a deletion is waited for before it is tried again.
  package var deletion = Duration.seconds(20)
  /// An API server may still carry out for so long what it never answered (kube-apiserver, `--request-timeout`).
  package var lostRequest = Duration.seconds(65)

  package init(
    snapshotClasses: [String: String] = [:], groupSnapshotClasses: [String: String] = [:]
  ) {
    self.snapshotClasses = snapshotClasses
    self.groupSnapshotClasses = groupSnapshotClasses
  }
}
