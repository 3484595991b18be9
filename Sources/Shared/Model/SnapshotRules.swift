/// By which classes a cluster makes the snapshots of a plan. A class says, beside the driver's own settings, whether the storage's
/// snapshot goes with its object (`deletionPolicy`).
package struct SnapshotRules: Hashable, Codable, Sendable {
  /// The VolumeSnapshotClass for each driver's claims, by the driver's name.
  package var classes: [String: String]
  /// The VolumeGroupSnapshotClass for each driver's claims.
  package var groupClasses: [String: String]

  package init(classes: [String: String] = [:], groupClasses: [String: String] = [:]) {
    self.classes = classes
    self.groupClasses = groupClasses
  }
}
