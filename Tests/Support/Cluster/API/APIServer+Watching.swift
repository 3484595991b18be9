internal import KubernetesClient

/// Where one watch is.
struct WatchCursor: Sendable {
  var type: ServedType
  var apiVersion: String
  var namespace: String?
  var selection: Selection
  var version: Int
}

extension APIServer {
  /// Begins a watch: where it goes on from, and the events that come first.
  func beginWatch(_ call: APICall, certificateUser: TestUser?) throws(Refusal)
    -> (cursor: WatchCursor, lines: [JSONValue])
  {
    let user = try authenticated(call, certificateUser)
    guard let target = call.target,
      let type = store.type(group: target.group, version: target.version, plural: target.plural)
    else { throw .noSuchPath }
    try authorize(user, "watch", type, target)
    let selection = try Selection(
      labels: call.query["labelSelector"], fields: call.query["fieldSelector"], of: type)
    var cursor = WatchCursor(
      type: type, apiVersion: type.apiVersion(target.version), namespace: target.namespace,
      selection: selection, version: store.version)
    let asked = call.query["resourceVersion"].flatMap { Int($0) } ?? 0
    try checkFuture(asked)
    guard asked == 0 else {
      cursor.version = asked
      return (cursor, [])
    }
    var lines = store.all(type.key, in: target.namespace).filter(selection.matches).map {
      cursor.line("ADDED", $0)
    }
    if call.query["sendInitialEvents"] == "true" {
      lines.append(cursor.bookmark(endsInitialEvents: true))
    }
    return (cursor, lines)
  }

  /// What happened since; an `ERROR`, and the end, when that is no longer known.
  func news(_ cursor: inout WatchCursor) -> (lines: [JSONValue], isOver: Bool) {
    guard let events = store.events(after: cursor.version) else {
      let refusal = Refusal(
        410, .expired, "too old resource version: \(cursor.version) (\(store.version))")
      return ([["type": "ERROR", "object": refusal.status]], true)
    }
    var lines: [JSONValue] = []
    for event in events where event.type == cursor.type.key {
      guard cursor.namespace == nil || event.object.namespace == cursor.namespace else { continue }
      let matches = event.kind != .deleted && cursor.selection.matches(event.object)
      let matched = event.old.map { cursor.selection.matches($0) } ?? false
      switch (matched, matches) {
      case (false, true): lines.append(cursor.line("ADDED", event.object))
      case (true, true): lines.append(cursor.line("MODIFIED", event.object))
      case (true, false): lines.append(cursor.line("DELETED", event.object))
      case (false, false): break
      }
    }
    cursor.version = events.last?.version ?? cursor.version
    return (lines, false)
  }

  /// A bookmark at the present version.
  func bookmark(_ cursor: inout WatchCursor) -> JSONValue? {
    guard
      store.events(after: cursor.version)?.contains(where: { $0.type == cursor.type.key }) == false
    else { return nil }
    cursor.version = store.version
    return cursor.bookmark(endsInitialEvents: false)
  }
}

extension WatchCursor {
  func line(_ type: String, _ object: KubernetesObject) -> JSONValue {
    var object = object
    object["apiVersion"] = .string(apiVersion)
    return ["type": .string(type), "object": object.value]
  }

  func bookmark(endsInitialEvents: Bool) -> JSONValue {
    var metadata: JSONValue = ["resourceVersion": .string(String(version))]
    if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
    return [
      "type": "BOOKMARK",
      "object": [
        "kind": .string(type.kind), "apiVersion": .string(apiVersion), "metadata": metadata,
      ],
    ]
  }
}
