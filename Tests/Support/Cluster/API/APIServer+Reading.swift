internal import FoundationEssentials
internal import KubernetesClient

extension APIServer {
  func get(_ type: ServedType, _ target: APICall.Target) throws(Refusal) -> APIReply {
    let object = try existing(type, target)
    switch target.subresource {
    case nil, "status": return APIReply(shown(object, type, target.version).value)
    case "scale" where type.hasScale: return APIReply(Self.scale(of: object))
    default: throw .noSuchPath
    }
  }

  func existing(_ type: ServedType, _ target: APICall.Target) throws(Refusal) -> KubernetesObject {
    let name = target.name ?? ""
    let key = ObjectKey(namespace: type.namespaced ? target.namespace : nil, name: name)
    guard let object = store[type.key, key] else { throw .notFound(type, name) }
    return object
  }

  /// An object in the version that was asked for.
  func shown(_ object: KubernetesObject, _ type: ServedType, _ version: String) -> KubernetesObject
  {
    var object = object
    object["apiVersion"] = .string(type.apiVersion(version))
    return object
  }

  static func scale(of object: KubernetesObject) -> JSONValue {
    var metadata: JSONValue = [:]
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
      metadata[field] = object["metadata", field]
    }
    let replicas = object["spec", "replicas"] ?? 1
    var status: JSONValue = ["replicas": object["status", "replicas"] ?? 0]
    if let labels = object["spec", "selector", "matchLabels"]?.object {
      let text = labels.map { "\($0.key)=\($0.value.string ?? "")" }.sorted()
      status["selector"] = .string(text.joined(separator: ","))
    }
    return [
      "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
      "spec": replicas == 0 ? [:] : ["replicas": replicas], "status": status,
    ]
  }

  func list(_ type: ServedType, _ target: APICall.Target, _ call: APICall) throws(Refusal)
    -> APIReply
  {
    let selection = try Selection(
      labels: call.query["labelSelector"], fields: call.query["fieldSelector"], of: type)
    let asked = call.query["resourceVersion"].flatMap { Int($0) } ?? 0
    try checkFuture(asked)
    if call.query["resourceVersionMatch"] == "Exact", asked < store.compacted {
      throw Refusal(
        410, .expired, "The resourceVersion for the provided list is too old.")
    }
    let limit = call.query["limit"].flatMap { Int($0) } ?? 0
    var key = ObjectStore.ListKey(
      type: type.key, namespace: target.namespace, version: store.version)
    var start = ""
    if let token = call.query["continue"], !token.isEmpty {
      let place = try Self.place(token)
      start = place.start
      if place.version > 0 { key.version = place.version }
      if place.version > 0, store.pages[key] == nil { throw Self.expired(start) }
    }
    let all = store.pages[key] ?? store.all(type.key, in: target.namespace)
    let matching = all.filter { selection.matches($0) }.drop { Self.path(of: $0, target) < start }
    let page = limit > 0 ? matching.prefix(limit) : matching
    var metadata: JSONValue = ["resourceVersion": .string(String(key.version))]
    if page.count < matching.count, let last = page.last {
      store.pages[key] = all
      metadata["continue"] = .string(
        Self.token(key.version, "/" + Self.path(of: last, target) + "\u{0}"))
      if selection.labels.isEmpty, selection.fields.isEmpty {
        metadata["remainingItemCount"] = JSONValue(Int64(matching.count - page.count))
      }
    }
    let items = page.map { object -> JSONValue in
      var object = shown(object, type, target.version)
      // Items of a list carry neither, but those of custom resources do.
      if type.schema == nil, !type.group.contains("snapshot") {
        object["apiVersion"] = nil
        object["kind"] = nil
      }
      return object.value
    }
    return APIReply([
      "kind": .string("\(type.kind)List"),
      "apiVersion": .string(type.apiVersion(target.version)), "metadata": metadata,
      "items": .array(items),
    ])
  }

  func checkFuture(_ version: Int) throws(Refusal) {
    guard version > store.version else { return }
    throw Refusal(
      504, .timeout,
      "Timeout: Too large resource version: \(version), current: \(store.version)",
      details: [
        "causes": [
          ["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]
        ], "retryAfterSeconds": 1,
      ], retryAfter: 1)
  }

  private static func path(of object: KubernetesObject, _ target: APICall.Target) -> String {
    target.namespace == nil && object.namespace != nil
      ? "\(object.namespace ?? "")/\(object.name)" : object.name
  }

  private static func token(_ version: Int, _ start: String) -> String {
    let value: JSONValue = [
      "v": "meta.k8s.io/v1", "rv": JSONValue(Int64(version)), "start": .string(start),
    ]
    return Data(value.bytes).base64EncodedString().replacing("=", with: "")
  }

  private static func place(_ token: String) throws(Refusal) -> (version: Int, start: String) {
    let padded = token + String(repeating: "=", count: (4 - token.count % 4) % 4)
    guard let data = Data(base64Encoded: padded), let value = try? JSONValue(json: Array(data)),
      let version = value["rv"]?.int, var start = value["start"]?.string
    else {
      throw Refusal(
        400, .badRequest,
        "invalid continue token: continue key is not valid: invalid character '\\x81' looking for "
          + "beginning of value")
    }
    // Some tokens of a real server begin with a slash.
    if start.hasPrefix("/") { start.removeFirst() }
    return (Int(version), start)
  }

  private static func expired(_ start: String) -> Refusal {
    var refusal = Refusal(
      410, .expired,
      "The provided continue parameter is too old to display a consistent list result. You can start "
        + "a new list without the continue parameter, or use the continue token in this response to "
        + "retrieve the remainder of the results. Continuing with the provided token results in an "
        + "inconsistent list - objects that were created, modified, or deleted between the time the "
        + "first chunk was returned and now may show up in the list.")
    refusal.metadata = ["continue": .string(token(-1, start))]
    return refusal
  }
}
