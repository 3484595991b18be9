internal import CoordinatorCore
internal import KubernetesClient
internal import Model

/// Reads `spec.objects` of a Restore.
enum ObjectRestoreSpec {
  struct Refused: Error, Equatable {
    var reason: String
    var message: String
  }

  static func isDryRun(_ object: KubernetesObject) -> Bool {
    object["spec", "objects", "dryRun"]?.bool ?? false
  }

  /// Nil for a restore of volumes alone. Whoever writes Restores in one namespace gets nothing but that namespace by them:
  /// neither others nor objects of the whole cluster, which the coordinator's right to make them would give away.
  static func order(of object: KubernetesObject, home: String) throws(Refused)
    -> ObjectRestoreOrder?
  {
    guard let spec = object["spec", "objects"], !spec.isNull else { return nil }
    let usual = ObjectRestoreOrder()
    let namespaces = texts(spec["namespaces"])
    let isHome = object.namespace == home
    if !isHome, let other = namespaces.values.sorted().first(where: { $0 != object.namespace }) {
      throw Refused(
        reason: "Forbidden",
        message:
          "spec.objects.namespaces: '\(other)' is another namespace, which is restored to from the "
          + "coordinator's, \(home), only")
    }
    var patience = usual.patience.duration
    if let text = spec["patience"]?.string {
      guard let seconds = Int(text.hasSuffix("s") ? String(text.dropLast()) : ""),
        (1...86_400).contains(seconds)
      else {
        throw Refused(
          reason: "Invalid", message: "spec.objects.patience: expected seconds such as 600s")
      }
      patience = .seconds(seconds)
    }
    let existing = spec["existing"]?.string
    guard
      let existing = existing.map({ ObjectRestoreOrder.Existing(rawValue: $0) }) ?? usual.existing
    else {
      throw Refused(
        reason: "Invalid", message: "spec.objects.existing: expected skip, patch or fail")
    }
    var hooks: ObjectRestoreOrder.Hooks?
    if let text = spec["hooks"]?.string {
      guard let known = ObjectRestoreOrder.Hooks(rawValue: text) else {
        throw Refused(reason: "Invalid", message: "spec.objects.hooks: expected plan or none")
      }
      hooks = known
    }
    return ObjectRestoreOrder(
      namespaces: namespaces, storageClasses: texts(spec["storageClasses"]), existing: existing,
      start: spec["start"]?.bool ?? usual.start, patience: patience, mayUseCluster: isHome,
      hooks: hooks)
  }

  private static func texts(_ value: JSONValue?) -> [String: String] {
    (value?.object?.byName ?? [:]).compactMapValues(\.string)
  }
}
