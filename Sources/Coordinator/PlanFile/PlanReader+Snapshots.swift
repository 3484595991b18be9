internal import Model

extension PlanReader {
  /// By which classes snapshots are made.
  mutating func snapshots(_ place: Place) -> SnapshotRules? {
    guard let fields = fields(place, known: ["classes", "groupClasses", "acrossServices"]) else {
      return nil
    }
    let classes = fields["classes"].map { self.classes($0) } ?? [:]
    let groupClasses = fields["groupClasses"].map { self.classes($0) } ?? [:]
    let acrossServices = fields["acrossServices"].map { boolean($0) } ?? false
    guard let classes, let groupClasses, let acrossServices else { return nil }
    return SnapshotRules(
      classes: classes, groupClasses: groupClasses, acrossServices: acrossServices)
  }

  /// Class by driver.
  private mutating func classes(_ place: Place) -> [String: String]? {
    guard let fields = fields(place, known: nil) else { return nil }
    var classes: [String: String] = [:]
    for (driver, value) in fields.values.sorted(by: { $0.key < $1.key }) {
      guard DriverName.accepts(driver) else {
        note(value, "'\(driver)' is no valid driver's name: \(DriverName.rule)")
        return nil
      }
      guard let name = text(value, "the name of a class of driver \(driver)") else { return nil }
      guard
        name.split(separator: ".", omittingEmptySubsequences: false)
          .allSatisfy({ NamespaceName.accepts(String($0)) })
      else {
        note(
          value, "'\(name)' is no valid name of a class: letters in lower case, digits, '-' and '.'"
        )
        return nil
      }
      classes[driver] = name
    }
    return classes
  }
}
