/// What a reflector knows, and what it has to tell when that changes.
///
/// Every change of an object leads to an event, also when the event itself was missed: then the next list tells.
struct ReflectorState: Sendable {
  private(set) var objects: [ObjectKey: KubernetesObject] = [:]
  /// Where to go on; nil before the first list, and when that version is too old.
  private(set) var resourceVersion: String?

  /// The events that lead from what is known to `list`.
  mutating func replace(with list: KubernetesList) -> [ReflectorEvent] {
    var gone = objects
    var events: [ReflectorEvent] = []
    var present: [ObjectKey: KubernetesObject] = [:]
    for object in list.items {
      present[object.key] = object
      guard let old = gone.removeValue(forKey: object.key) else {
        events.append(.added(object))
        continue
      }
      events += Self.change(from: old, to: object)
    }
    // What is gone comes first: another object may have taken over what it stood for.
    let deleted = gone.values.sorted { $0.key.description < $1.key.description }
    objects = present
    resourceVersion = list.resourceVersion
    return deleted.map { .deleted($0) } + events + [.synced]
  }

  /// The events that one event of a watch stands for: none when nothing changed.
  mutating func apply(_ event: WatchEvent) -> [ReflectorEvent] {
    if let version = event.resourceVersion { resourceVersion = version }
    switch event {
    case .bookmark: return []
    case .added(let object), .modified(let object):
      guard let old = objects.updateValue(object, forKey: object.key) else {
        return [.added(object)]
      }
      return Self.change(from: old, to: object)
    case .deleted(let object):
      objects[object.key] = nil
      return [.deleted(object)]
    }
  }

  /// The version is too old to go on from.
  mutating func expire() { resourceVersion = nil }

  private static func change(from old: KubernetesObject, to new: KubernetesObject)
    -> [ReflectorEvent]
  {
    // An object of the same name that was made anew is another one.
    guard old.uid == new.uid else { return [.deleted(old), .added(new)] }
    return old.resourceVersion == new.resourceVersion ? [] : [.modified(new)]
  }
}
