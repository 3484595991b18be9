internal import CutProtocol
internal import KubernetesClient
internal import Model

/// A VolumeSnapshotClass or a VolumeGroupSnapshotClass.
struct SnapshotClass: Hashable, Sendable {
  var name: String
  var driver: String
  var isDefault: Bool
  /// Whether the storage keeps a snapshot whose object is deleted, for example with its namespace.
  var retains: Bool

  init(name: String, driver: String, isDefault: Bool = false, retains: Bool = false) {
    self.name = name
    self.driver = driver
    self.isDefault = isDefault
    self.retains = retains
  }

  init(_ object: KubernetesObject) {
    let annotations = object.annotations
    self.init(
      name: object.name, driver: object["driver"]?.string ?? "",
      isDefault: annotations["snapshot.storage.kubernetes.io/is-default-class"] == "true"
        || annotations["groupsnapshot.storage.kubernetes.io/is-default-class"] == "true",
      retains: object["deletionPolicy"]?.string == "Retain")
  }
}

extension [SnapshotClass] {
  /// The class for a driver's volume: the one that is asked for, else the driver's default, else its only one.
  func choose(_ asked: String?, for driver: DriverName) throws(Refusal) -> SnapshotClass {
    if let asked {
      guard let found = first(where: { $0.name == asked }) else {
        throw Refusal(.hazard, "there is no VolumeSnapshotClass \(asked)", hint: known(driver))
      }
      guard found.driver == driver.text else {
        throw Refusal(
          .hazard, "VolumeSnapshotClass \(asked) is of driver \(found.driver), not of \(driver)",
          hint: known(driver))
      }
      return found
    }
    let own = filter { $0.driver == driver.text }
    let defaults = own.filter(\.isDefault)
    if defaults.count == 1 { return defaults[0] }
    if defaults.isEmpty, own.count == 1 { return own[0] }
    guard !own.isEmpty else {
      throw Refusal(
        .hazard, "no VolumeSnapshotClass is of driver \(driver)",
        hint: "create one; with deletionPolicy Retain, backups survive their namespace")
    }
    throw Refusal(
      .hazard,
      "driver \(driver) has \(defaults.isEmpty ? "no default" : "\(defaults.count) default") "
        + "VolumeSnapshotClass",
      hint: known(driver)
        + "; name one in the agent's configuration (kubernetes.snapshotClasses), or "
        + "annotate the claim with \(ClaimedVolume.classAnnotation)")
  }

  /// The class for a group of a driver's volumes; nil where nothing says that the driver makes groups.
  func chooseGroup(_ asked: String?, for driver: DriverName) throws(Refusal) -> SnapshotClass? {
    let own = filter { $0.driver == driver.text }
    if asked == nil, own.isEmpty || (own.count > 1 && own.count(where: \.isDefault) != 1) {
      return nil
    }
    return try choose(asked, for: driver)
  }

  private func known(_ driver: DriverName) -> String {
    let names = filter { $0.driver == driver.text }.map(\.name).sorted()
    return "classes of \(driver): \(names.isEmpty ? "none" : names.joined(separator: ", "))"
  }
}
