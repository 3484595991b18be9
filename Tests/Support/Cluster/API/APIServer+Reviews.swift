internal import KubernetesClient

extension APIServer {
  /// Kinds that are asked and not stored.
  func review(_ call: APICall, _ target: APICall.Target, _ user: TestUser) throws(Refusal)
    -> APIReply
  {
    guard call.method == "POST", target.version == "v1" else { throw .noSuchPath }
    let value = try Self.json(call)
    var status: JSONValue
    switch (target.group, target.plural) {
    case ("authorization.k8s.io", "selfsubjectaccessreviews"): status = access(value, user)
    case ("authentication.k8s.io", "tokenreviews"):
      guard user.may("create", group: target.group, target.plural, in: nil) else {
        let type = ServedType(.tokenReviews)
        try authorize(user, "create", type, target)
        throw .noSuchPath
      }
      status = token(value)
    case ("authentication.k8s.io", "selfsubjectreviews"):
      status = ["userInfo": Self.info(user)]
    default: throw .noSuchPath
    }
    var answer = value
    answer["status"] = status
    if answer["metadata"] == nil { answer["metadata"] = [:] }
    return APIReply(answer, code: 201)
  }

  private func access(_ value: JSONValue, _ user: TestUser) -> JSONValue {
    let asked = value[path: ["spec", "resourceAttributes"]]
    var resource = asked?["resource"]?.string ?? ""
    if let subresource = asked?["subresource"]?.string { resource += "/\(subresource)" }
    let allowed = user.may(
      asked?["verb"]?.string ?? "", group: asked?["group"]?.string ?? "", resource,
      in: asked?["namespace"]?.string)
    return ["allowed": .bool(allowed)]
  }

  private func token(_ value: JSONValue) -> JSONValue {
    let token = value[path: ["spec", "token"]]?.string ?? ""
    let asked = (value[path: ["spec", "audiences"]]?.array ?? []).compactMap(\.string)
    guard let user = users[token] else {
      return ["user": [:], "error": "[invalid bearer token, Token has been invalidated]"]
    }
    let audiences = asked.isEmpty ? user.audiences : asked.filter(user.audiences.contains)
    guard asked.isEmpty && user.audiences.isEmpty || !audiences.isEmpty else {
      return [
        "user": [:],
        "error": "[invalid bearer token, token audiences do not match the requested ones]",
      ]
    }
    var status: JSONValue = ["authenticated": true, "user": Self.info(user)]
    if !audiences.isEmpty { status["audiences"] = .array(audiences.map { .string($0) }) }
    return status
  }

  private static func info(_ user: TestUser) -> JSONValue {
    var info: JSONValue = ["username": .string(user.name)]
    if let uid = user.uid { info["uid"] = .string(uid) }
    info["groups"] = .array(user.groups.map { .string($0) })
    if !user.extra.isEmpty {
      info["extra"] = .object(
        JSONObject(
          user.extra.sorted { $0.key < $1.key }.map {
            ($0.key, .array($0.value.map { .string($0) }))
          }))
    }
    return info
  }
}
