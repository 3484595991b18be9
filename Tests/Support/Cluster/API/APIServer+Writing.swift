internal import FoundationEssentials
internal import KubernetesClient

extension APIServer {
  func create(_ type: ServedType, _ target: APICall.Target, _ call: APICall) throws(Refusal)
    -> APIReply
  {
    guard target.name == nil else { throw .noSuchPath }
    var object = try body(type, call)
    let warnings = try known(&object, type, target, call)
    if type.namespaced { object["metadata", "namespace"] = target.namespace.map { .string($0) } }
    if object.name.isEmpty, let prefix = object["metadata", "generateName"]?.string {
      let letters = Array("bcdfghjklmnpqrstvwxz2456789")
      let ending = (0..<5).map { _ in letters[Int.random(in: letters.indices)] }
      object["metadata", "name"] = .string(prefix + String(ending))
    }
    try checkName(object.name, type)
    try checkNamespace(type, target, object.name)
    guard store[type.key, object.key] == nil else { throw .alreadyExists(type, object.name) }
    if type.hasStatus, type.schema != nil || type.kind.hasPrefix("Volume") {
      object["status"] = nil
    }
    object["metadata", "resourceVersion"] = nil
    object["metadata", "deletionTimestamp"] = nil
    return try store(new: object, type, target, call, operation: "Update", code: 201, warnings)
  }

  /// The rest of every creation.
  func store(
    new object: KubernetesObject, _ type: ServedType, _ target: APICall.Target, _ call: APICall,
    operation: String, code: Int, _ warnings: [String] = []
  ) throws(Refusal) -> APIReply {
    var object = object
    object["metadata", "uid"] = .string(UUID().uuidString.lowercased())
    object["metadata", "creationTimestamp"] = .string(ObjectStore.time())
    if type.hasGeneration { object["metadata", "generation"] = 1 }
    if type.key == TypeKey(.namespaces) {
      object.labels["kubernetes.io/metadata.name"] = object.name
      object["spec"] = ["finalizers": ["kubernetes"]]
      object["status"] = ["phase": "Active"]
    }
    try check(&object, nil, type)
    let leaves = Set(FieldOwnership.leaves(object).keys)
    var ownership = FieldOwnership(KubernetesObject([:]))
    ownership.record(
      leaves, manager: call.manager, operation: operation,
      apiVersion: type.apiVersion(target.version), time: ObjectStore.time(), subresource: nil,
      taking: [], replacing: true)
    if !call.isDryRun { object["metadata", "managedFields"] = ownership.json }
    let stored = call.isDryRun ? object : store.put(object, type.key)
    if !call.isDryRun { define(stored, type) }
    tick()
    var reply = APIReply(shown(stored, type, target.version).value, code: code)
    reply.headers += warnings.map { ("Warning", "299 - \"\($0.replacing("\"", with: "\\\""))\"") }
    return reply
  }

  func replace(_ type: ServedType, _ target: APICall.Target, _ call: APICall) throws(Refusal)
    -> APIReply
  {
    var new = try body(type, call)
    let old = try existing(type, target)
    _ = try known(&new, type, target, call)
    if let version = new.resourceVersion, version != old.resourceVersion {
      throw .stale(type, old.name)
    }
    return try update(old, to: new, type, target, call)
  }

  func patch(_ type: ServedType, _ target: APICall.Target, _ call: APICall) throws(Refusal)
    -> APIReply
  {
    if call.contentType.hasPrefix("application/apply-patch") {
      return try apply(type, target, call)
    }
    guard call.contentType.hasPrefix("application/merge-patch+json") else {
      throw Self.unsupported(
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml")
    }
    let patch = try Self.json(call)
    let old = try existing(type, target)
    if target.subresource == "scale" { return try scale(old, patch, type, target, call) }
    var new = KubernetesObject(Self.merged(old.value, patch).object ?? [:])
    if let version = patch[path: ["metadata", "resourceVersion"]]?.string,
      version != old.resourceVersion
    {
      throw .stale(type, old.name)
    }
    new["metadata", "managedFields"] = old["metadata", "managedFields"]
    _ = try known(&new, type, target, call)
    return try update(old, to: new, type, target, call)
  }

  /// RFC 7396.
  static func merged(_ old: JSONValue?, _ patch: JSONValue) -> JSONValue {
    guard let fields = patch.object else { return patch }
    var result = old?.object ?? JSONObject()
    for (key, value) in fields {
      // `nil` in a conditional expression would be JSON's null.
      if value.isNull { result[key] = nil } else { result[key] = merged(result[key], value) }
    }
    return .object(result)
  }

  private func scale(
    _ old: KubernetesObject, _ patch: JSONValue, _ type: ServedType, _ target: APICall.Target,
    _ call: APICall
  ) throws(Refusal) -> APIReply {
    var new = old
    if let replicas = patch[path: ["spec", "replicas"]] { new["spec", "replicas"] = replicas }
    var inner = target
    inner.subresource = nil
    _ = try update(old, to: new, type, inner, call)
    return APIReply(Self.scale(of: try existing(type, target)))
  }

  /// The rest of every change.
  func update(
    _ old: KubernetesObject, to changed: KubernetesObject, _ type: ServedType,
    _ target: APICall.Target, _ call: APICall, operation: String = "Update",
    ownership applied: FieldOwnership? = nil
  ) throws(Refusal) -> APIReply {
    var new = changed
    if target.subresource == "status" {
      guard type.hasStatus else { throw .noSuchPath }
      new = old
      new["status"] = changed["status"]
    } else if type.hasStatus {
      new["status"] = old["status"]
    }
    for field in [
      "uid", "creationTimestamp", "name", "namespace", "generation", "deletionTimestamp",
    ] {
      new["metadata", field] = old["metadata", field]
    }
    new["metadata", "resourceVersion"] = old["metadata", "resourceVersion"]
    if type.hasGeneration, new["spec"] != old["spec"] {
      new["metadata", "generation"] = JSONValue((old.generation ?? 1) + 1)
    }
    try check(&new, old, type)
    if let applied {
      new["metadata", "managedFields"] = applied.json
    } else {
      new["metadata", "managedFields"] = owned(new, old, type, target, call).json
    }
    guard !call.isDryRun else { return APIReply(shown(new, type, target.version).value) }
    var stored = new
    if new != old { stored = store.put(new, type.key) }
    // The last finalizer keeps a deleted object.
    if stored.deletionTimestamp != nil, stored.finalizers.isEmpty, !isKept(stored, type) {
      store.remove(stored.key, type.key)
      collectGarbage()
    }
    define(stored, type)
    tick()
    return APIReply(shown(stored, type, target.version).value)
  }

  private func owned(
    _ new: KubernetesObject, _ old: KubernetesObject, _ type: ServedType,
    _ target: APICall.Target, _ call: APICall
  ) -> FieldOwnership {
    let before = FieldOwnership.leaves(old)
    let after = FieldOwnership.leaves(new)
    let changed = Set(after.filter { before[$0.key] != $0.value }.keys)
    let gone = Set(before.keys).subtracting(after.keys)
    var ownership = FieldOwnership(old)
    guard !changed.isEmpty || !gone.isEmpty else { return ownership }
    ownership.record(
      changed, manager: call.manager, operation: "Update",
      apiVersion: type.apiVersion(target.version), time: ObjectStore.time(),
      subresource: target.subresource, taking: changed.union(gone), replacing: false)
    return ownership
  }
}
