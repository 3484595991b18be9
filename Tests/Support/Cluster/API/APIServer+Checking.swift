internal import KubernetesClient

extension APIServer {
  static func json(_ call: APICall) throws(Refusal) -> JSONValue {
    do {
      return try JSONValue(json: call.body)
    } catch {
      throw Refusal(400, .badRequest, "error decoding patch: \(error.description)")
    }
  }

  static func unsupported(_ accepted: String) -> Refusal {
    Refusal(
      415, .unsupportedMediaType,
      "the body of the request was in an unknown format - accepted media types include: \(accepted)"
    )
  }

  /// The object that is to be written.
  func body(_ type: ServedType, _ call: APICall) throws(Refusal) -> KubernetesObject {
    guard call.contentType.hasPrefix("application/json") else {
      throw Self.unsupported(
        "application/json, application/yaml, application/vnd.kubernetes.protobuf")
    }
    let value: JSONValue
    do {
      value = try JSONValue(json: call.body)
    } catch {
      throw Refusal(
        400, .badRequest,
        "the object provided is unrecognized (must be of type \(type.kind)): couldn't get "
          + "version/kind; json parse error: unexpected end of JSON input "
          + "(\(String(decoding: call.body.prefix(100), as: UTF8.self)))")
    }
    guard let object = KubernetesObject(value), object.kind == type.kind else {
      throw Refusal(
        400, .badRequest,
        "the object provided is unrecognized (must be of type \(type.kind)): \(value)")
    }
    return object
  }

  /// Drops unknown fields; returns what to warn of, throws where the request wants that.
  func known(
    _ object: inout KubernetesObject, _ type: ServedType, _ target: APICall.Target, _ call: APICall
  ) throws(Refusal) -> [String] {
    var removed: [String] = []
    if let schema = type.schema {
      removed = StructuralSchema(root: schema).prune(&object)
    } else if type.key == TypeKey(.configMaps) {
      let fields = ["apiVersion", "kind", "metadata", "data", "binaryData", "immutable"]
      for key in object.json.keys where !fields.contains(key) {
        object[key] = nil
        removed.append(key)
      }
    }
    guard !removed.isEmpty else { return [] }
    let texts = removed.map { "unknown field \"\($0)\"" }
    switch call.query["fieldValidation"] {
    case "Strict":
      throw Refusal(
        400, .badRequest,
        "\(type.kind) in version \"\(target.version)\" cannot be handled as a \(type.kind): strict "
          + "decoding error: \(texts.joined(separator: ", "))")
    case "Ignore": return []
    default: return texts
    }
  }

  func checkName(_ name: String, _ type: ServedType) throws(Refusal) {
    if name.isEmpty {
      throw .invalid(
        type, name,
        [
          .init(
            reason: "FieldValueRequired",
            message: "Required value: name or generateName is required", field: "metadata.name")
        ])
    }
    let edges: (Character?) -> Bool = { $0.map { $0.isLetter || $0.isNumber } ?? false }
    let isGood =
      name.utf8.count <= 253 && edges(name.first) && edges(name.last)
      && name.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-.:".contains($0) }
    guard !isGood else { return }
    let text =
      "Invalid value: \"\(name)\": a lowercase RFC 1123 subdomain must consist of lower case "
      + "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character "
      + "(e.g. 'example.com', regex used for validation is "
      + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    throw .invalid(
      type, name, [.init(reason: "FieldValueInvalid", message: text, field: "metadata.name")])
  }

  func checkNamespace(_ type: ServedType, _ target: APICall.Target, _ name: String) throws(Refusal)
  {
    guard type.namespaced else { return }
    let namespace = target.namespace ?? ""
    let key = ObjectKey(namespace: nil, name: namespace)
    guard let namespaces = store.types[TypeKey(.namespaces)],
      let object = store[TypeKey(.namespaces), key]
    else {
      throw .notFound(ServedType(.namespaces), namespace)
    }
    _ = namespaces
    guard object.deletionTimestamp != nil else { return }
    throw .forbidden(
      type, name,
      "unable to create new content in namespace \(namespace) because it is being terminated",
      causes: [
        .init(
          reason: "NamespaceTerminating",
          message: "namespace \(namespace) is being terminated", field: "metadata.namespace")
      ])
  }

  /// Schema and admission.
  func check(_ new: inout KubernetesObject, _ old: KubernetesObject?, _ type: ServedType)
    throws(Refusal)
  {
    for admission in admissions { try admission.decide(type, old, &new) }
    guard let schema = type.schema else { return }
    let causes = StructuralSchema(root: schema).causes(new)
    guard causes.isEmpty else { throw .invalid(type, new.name, causes) }
  }

  /// A CustomResourceDefinition makes its type served at once.
  func define(_ object: KubernetesObject, _ type: ServedType) {
    guard type.key == TypeKey(.customResourceDefinitions),
      let served = ServedType(definition: object)
    else { return }
    store.serve(served)
    guard object["status", "conditions"] == nil else { return }
    var object = object
    object["status"] = [
      "conditions": [
        ["type": "NamesAccepted", "status": "True"], ["type": "Established", "status": "True"],
      ]
    ]
    store.put(object, type.key)
  }
}
