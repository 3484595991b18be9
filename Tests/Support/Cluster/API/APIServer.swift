internal import FoundationEssentials
package import KubernetesClient

/// What an API server does, without the network: one request after the other.
package actor APIServer {
  var store = ObjectStore()
  var users: [String: TestUser]
  var admissions: [Admission]
  var faults: [Fault] = []
  /// Objects of these types stay when they are deleted, until `finish`: as pods do for their grace period.
  var lingering: Set<TypeKey> = []
  /// Deleted namespaces stay terminating.
  var keepsTerminatingNamespaces = false
  /// Serves the older form of discovery alone.
  var hasAggregatedDiscovery = true
  /// Groups whose own server is down: listed, but not to be asked.
  var brokenGroups: Set<String> = []
  /// How often a watch gets a bookmark.
  package let bookmarkInterval: Duration
  private(set) var calls: [APICall] = []
  /// Ticks whenever something changed, one stream for each watch.
  private var watchers: [Int: AsyncStream<Beat>.Continuation] = [:]
  private var nextWatcher = 0

  /// Requests that are remembered for a test to look at.
  static let mostCalls = 10_000

  package init(
    types: [ServedType] = ServedType.builtIn + ServedType.snapshots,
    users: [String: TestUser] = [:], admissions: [Admission] = [.snapshotRules],
    bookmarkInterval: Duration = .seconds(60)
  ) {
    self.users = users
    self.admissions = admissions
    self.bookmarkInterval = bookmarkInterval
    for type in types { store.serve(type) }
    for name in ["default", "kube-system"] {
      store.put(Self.namespace(name), TypeKey(.namespaces))
    }
  }

  static func namespace(_ name: String) -> KubernetesObject {
    var object = KubernetesObject(
      .namespaces, name: name, labels: ["kubernetes.io/metadata.name": name],
      fields: ["spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"]])
    object["metadata", "uid"] = .string(UUID().uuidString.lowercased())
    object["metadata", "creationTimestamp"] = .string(ObjectStore.time())
    return object
  }

  // MARK: what tests set and see

  package func user(_ token: String, _ user: TestUser?) { users[token] = user }
  package func admit(_ admission: Admission) { admissions.append(admission) }
  package func inject(_ fault: Fault) { faults.append(fault) }
  package func clearFaults() { faults.removeAll() }
  package func serve(_ type: ServedType) { store.serve(type) }
  package func withdraw(_ type: ResourceType) { store.withdraw(TypeKey(type)) }
  package func setWindow(_ events: Int) { store.window = events }
  package func setAggregatedDiscovery(_ value: Bool) { hasAggregatedDiscovery = value }
  package func setBroken(_ groups: Set<String>) { brokenGroups = groups }
  package func setLingering(_ types: [ResourceType]) { lingering = Set(types.map { TypeKey($0) }) }
  package func setKeepsTerminatingNamespaces(_ value: Bool) { keepsTerminatingNamespaces = value }
  /// All requests so far, in the order of their arrival.
  package func received() -> [APICall] { calls }
  package func version() -> Int { store.version }

  /// Forgets the past: watches and pages from before now are expired.
  package func compact() {
    store.compact()
    tick()
  }

  /// Stores an object as it is, as a controller would, without any check.
  @discardableResult
  package func put(_ object: KubernetesObject, as type: ResourceType) -> KubernetesObject {
    var object = object
    let old = store[TypeKey(type), object.key]
    if object.uid == nil {
      object["metadata", "uid"] = .string(old?.uid ?? UUID().uuidString.lowercased())
    }
    if object.creationTimestamp == nil {
      object["metadata", "creationTimestamp"] =
        old?["metadata", "creationTimestamp"] ?? .string(ObjectStore.time())
    }
    let stored = store.put(object, TypeKey(type))
    tick()
    return stored
  }

  /// Changes an object as it is now, without any check; does nothing to one that is not there.
  package func edit(
    _ type: ResourceType, _ name: String, in namespace: String? = nil,
    _ change: @Sendable (inout KubernetesObject) -> Void
  ) {
    guard var object = object(type, name, in: namespace) else { return }
    let before = object
    change(&object)
    guard object != before else { return }
    store.put(object, TypeKey(type))
    tick()
  }

  /// Takes an object away, whatever its finalizers say.
  package func finish(_ type: ResourceType, _ name: String, in namespace: String? = nil) {
    store.remove(ObjectKey(namespace: namespace, name: name), TypeKey(type))
    collectGarbage()
    tick()
  }

  package func object(_ type: ResourceType, _ name: String, in namespace: String? = nil)
    -> KubernetesObject?
  {
    store[TypeKey(type), ObjectKey(namespace: namespace, name: name)]
  }

  package func objects(_ type: ResourceType, in namespace: String? = nil) -> [KubernetesObject] {
    store.all(TypeKey(type), in: namespace)
  }

  // MARK: requests

  func arrived(_ call: APICall) {
    calls.append(call)
    if calls.count > Self.mostCalls { calls.removeFirst() }
  }

  /// The first fault that meets a request, which counts as one of its times.
  func fault(for call: APICall) -> Fault.Effect? {
    guard let index = faults.firstIndex(where: { $0.times != 0 && $0.matches(call) }) else {
      return nil
    }
    faults[index].times = faults[index].times.map { $0 - 1 }
    return faults[index].effect
  }

  /// The whole answer. `certificateUser` is who the connection's certificate names.
  func answer(_ call: APICall, certificateUser: TestUser?) throws(Refusal) -> APIReply {
    let user = try authenticated(call, certificateUser)
    guard
      ["application/json", "*/*", "application/*"].contains(where: { call.accept.contains($0) })
    else { throw notAcceptable() }
    if let reply = try wellKnown(call, user) { return reply }
    guard let target = call.target else { throw .noSuchPath }
    guard
      let type = store.type(group: target.group, version: target.version, plural: target.plural)
    else {
      return try review(call, target, user)
    }
    try authorize(user, call.verb, type, target)
    switch call.verb {
    case "get": return try get(type, target)
    case "list": return try list(type, target, call)
    case "create": return try create(type, target, call)
    case "update": return try replace(type, target, call)
    case "patch": return try patch(type, target, call)
    case "delete": return try delete(type, target, call)
    default:
      throw Refusal(
        405, .methodNotAllowed, "the server does not allow this method on the requested resource",
        details: [:])
    }
  }

  func authenticated(_ call: APICall, _ certificateUser: TestUser?) throws(Refusal) -> TestUser {
    if let certificateUser { return certificateUser }
    guard let token = call.bearer else { return users.isEmpty ? .admin : .anonymous }
    guard let user = users[token], user.audiences.isEmpty else {
      throw Refusal(401, .unauthorized, "Unauthorized")
    }
    return user
  }

  func authorize(
    _ user: TestUser, _ verb: String, _ type: ServedType, _ target: APICall.Target
  ) throws(Refusal) {
    let resource = target.subresource.map { "\(type.plural)/\($0)" } ?? type.plural
    guard !user.may(verb, group: type.group, resource, in: target.namespace) else { return }
    let place =
      target.namespace.map { "in the namespace \"\($0)\"" } ?? "at the cluster scope"
    let what = target.name.map { "\(type.qualifiedPlural) \"\($0)\"" } ?? type.qualifiedPlural
    var details: JSONValue = [:]
    if let name = target.name { details["name"] = .string(name) }
    if !type.group.isEmpty { details["group"] = .string(type.group) }
    details["kind"] = .string(type.plural)
    throw Refusal(
      403, .forbidden,
      "\(what) is forbidden: User \"\(user.name)\" cannot \(verb) resource \"\(resource)\" in API "
        + "group \"\(type.group)\" \(place)", details: details)
  }

  private func notAcceptable() -> Refusal {
    Refusal(
      406, .notAcceptable,
      "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
        + "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
        + "application/vnd.kubernetes.protobuf;stream=watch", details: [:])
  }

  // MARK: watches

  func tick() { for watcher in watchers.values { watcher.yield(.changed) } }

  /// Ticks at once, for what happened before.
  func subscribe(_ entry: AsyncStream<Beat>.Continuation) -> Int {
    nextWatcher += 1
    watchers[nextWatcher] = entry
    entry.yield(.changed)
    return nextWatcher
  }

  func unsubscribe(_ id: Int) { watchers.removeValue(forKey: id)?.finish() }

  /// Watches that are open now.
  package func openWatches() -> Int { watchers.count }
}
