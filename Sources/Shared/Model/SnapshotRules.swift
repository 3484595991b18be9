/// By which classes a cluster makes the snapshots of a plan. A class says, beside the driver's own settings, whether the storage's
/// snapshot goes with its object (`deletionPolicy`).
package struct SnapshotRules: Hashable, Codable, Sendable {
  /// The VolumeSnapshotClass for each driver's claims, by the driver's name.
  package var classes: [String: String]
  /// The VolumeGroupSnapshotClass for each driver's claims.
  package var groupClasses: [String: String]
  /// Whether the claims of several services are one group, where they are of one namespace and driver.
  package var acrossServices: Bool

  package init(
    classes: [String: String] = [:], groupClasses: [String: String] = [:],
    acrossServices: Bool = false
  ) {
    self.classes = classes
    self.groupClasses = groupClasses
    self.acrossServices = acrossServices
  }

  /// Plans that were sealed before there were such groups have none.
  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      classes: try fields.decode([String: String].self, forKey: .classes),
      groupClasses: try fields.decode([String: String].self, forKey: .groupClasses),
      acrossServices: try fields.decodeIfPresent(Bool.self, forKey: .acrossServices) ?? false)
  }
}
