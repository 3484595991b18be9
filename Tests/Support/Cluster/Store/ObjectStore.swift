internal import KubernetesClient
internal import FoundationEssentials

/// One change of one object.
struct StoredEvent: Sendable {
  enum Kind: String, Sendable {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
  }

  var version: Int
  var type: TypeKey
  var kind: Kind
  var object: KubernetesObject
  /// The state before, so that selectors can tell who comes and goes.
  var old: KubernetesObject?
}

/// The objects of a cluster, with a version that every change counts up, and the latest changes.
struct ObjectStore: Sendable {
  /// Changes that are remembered; whoever asks for older ones is told that they are gone.
  var window = 1000
  private(set) var version = 900
  private(set) var types: [TypeKey: ServedType] = [:]
  private(set) var objects: [TypeKey: [ObjectKey: KubernetesObject]] = [:]
  private(set) var events: [StoredEvent] = []
  /// Watches and lists from before this cannot be answered.
  private(set) var compacted = 900
  /// Lists that are being read page after page.
  var pages: [ListKey: [KubernetesObject]] = [:]

  /// What tells one list from another.
  struct ListKey: Hashable, Sendable {
    var type: TypeKey
    var namespace: String?
    var version: Int
  }

  mutating func serve(_ type: ServedType) { types[type.key] = type }
  mutating func withdraw(_ key: TypeKey) { types[key] = nil }

  func type(group: String, version: String, plural: String) -> ServedType? {
    guard let type = types[TypeKey(group: group, plural: plural)], type.versions.contains(version)
    else { return nil }
    return type
  }

  subscript(type: TypeKey, key: ObjectKey) -> KubernetesObject? { objects[type]?[key] }

  /// In the order of a real server: by namespace and name.
  func all(_ type: TypeKey, in namespace: String?) -> [KubernetesObject] {
    (objects[type] ?? [:]).values
      .filter { namespace == nil || $0.namespace == namespace }
      .sorted { ($0.namespace ?? "", $0.name) < ($1.namespace ?? "", $1.name) }
  }

  /// Stores an object under a new version, which it returns with it.
  @discardableResult
  mutating func put(_ object: KubernetesObject, _ type: TypeKey) -> KubernetesObject {
    version += 1
    var object = object
    object["metadata", "resourceVersion"] = .string(String(version))
    let old = objects[type]?[object.key]
    objects[type, default: [:]][object.key] = object
    record(
      StoredEvent(
        version: version, type: type, kind: old == nil ? .added : .modified, object: object,
        old: old))
    return object
  }

  mutating func remove(_ key: ObjectKey, _ type: TypeKey) {
    guard var object = objects[type]?.removeValue(forKey: key) else { return }
    version += 1
    let old = object
    object["metadata", "resourceVersion"] = .string(String(version))
    record(
      StoredEvent(version: version, type: type, kind: .deleted, object: object, old: old))
  }

  private mutating func record(_ event: StoredEvent) {
    events.append(event)
    guard events.count > window else { return }
    let dropped = events.count - window
    compacted = events[dropped - 1].version
    events.removeFirst(dropped)
  }

  /// Forgets all that has happened, as etcd does every few minutes.
  mutating func compact() {
    compacted = version
    events.removeAll()
    pages.removeAll()
  }

  /// What happened after `version`; nil when that is no longer known.
  func events(after version: Int) -> ArraySlice<StoredEvent>? {
    guard version >= compacted else { return nil }
    let first = events.firstIndex { $0.version > version } ?? events.endIndex
    return events[first...]
  }

  /// Now, as objects have it.
  static func time() -> String { Date().formatted(.iso8601) }
}
