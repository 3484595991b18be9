internal import KubernetesClient

extension APIServer {
  /// Server-side apply, field by field; a list is one field.
  func apply(_ type: ServedType, _ target: APICall.Target, _ call: APICall) throws(Refusal)
    -> APIReply
  {
    guard let manager = call.query["fieldManager"], !manager.isEmpty else {
      throw Refusal(
        400, .badRequest,
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: "
          + "Required value: is required for apply patch")
    }
    var config = KubernetesObject(try Self.json(call).object ?? [:])
    _ = try known(&config, type, target, call)
    let name = target.name ?? ""
    if type.namespaced { config["metadata", "namespace"] = target.namespace.map { .string($0) } }
    let key = ObjectKey(namespace: type.namespaced ? target.namespace : nil, name: name)
    guard let old = store[type.key, key] else {
      try checkName(name, type)
      try checkNamespace(type, target, name)
      return try store(new: config, type, target, call, operation: "Apply", code: 201)
    }
    let applied = FieldOwnership.leaves(config).filter {
      target.subresource == "status" ? $0.key.first == "status" : true
    }
    let live = FieldOwnership.leaves(old)
    var ownership = FieldOwnership(old)
    let changed = Set(applied.filter { live[$0.key] != $0.value }.keys)
    if call.query["force"] != "true" { try checkConflicts(changed, ownership, manager) }

    var new = old
    let before =
      ownership.entries.first { ($0.manager, $0.operation) == (manager, "Apply") }?.leaves ?? []
    for path in before.subtracting(applied.keys)
    where ownership.others(path, than: manager, operation: "Apply").isEmpty {
      new[path: path] = nil
    }
    for (path, value) in applied { new[path: path] = value }
    ownership.record(
      Set(applied.keys), manager: manager, operation: "Apply",
      apiVersion: type.apiVersion(target.version), time: ObjectStore.time(),
      subresource: target.subresource, taking: changed, replacing: true)
    return try update(
      old, to: new, type, target, call, operation: "Apply", ownership: ownership)
  }

  private func checkConflicts(
    _ changed: Set<[String]>, _ ownership: FieldOwnership, _ manager: String
  ) throws(Refusal) {
    var causes: [APIStatus.Cause] = []
    for path in changed.sorted(by: { $0.joined(separator: ".") < $1.joined(separator: ".") }) {
      for entry in ownership.others(path, than: manager, operation: "Apply") {
        let using = entry.operation == "Apply" ? "" : " using \(entry.apiVersion)"
        causes.append(
          .init(
            reason: "FieldManagerConflict", message: "conflict with \"\(entry.manager)\"\(using)",
            field: "." + path.joined(separator: ".")))
      }
    }
    guard !causes.isEmpty else { return }
    let texts = causes.map { "\($0.message): \($0.field)" }
    throw Refusal(
      409, .conflict,
      "Apply failed with \(causes.count) conflict\(causes.count == 1 ? "" : "s"): "
        + texts.joined(separator: "\n"), details: ["causes": Refusal.json(causes)])
  }
}
