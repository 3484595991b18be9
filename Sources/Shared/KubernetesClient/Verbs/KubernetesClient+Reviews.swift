/// Whether these credentials may do something.
package struct AccessReview: Hashable, Sendable {
  package var isAllowed: Bool
  /// The server's words, often none.
  package var reason: String?

  package init(isAllowed: Bool, reason: String? = nil) {
    self.isAllowed = isAllowed
    self.reason = reason
  }
}

/// Whom a token belongs to, as the API server sees it.
package struct TokenReview: Hashable, Sendable {
  package var isAuthenticated: Bool
  /// For example `system:serviceaccount:stillpoint:agent`.
  package var username: String
  package var uid: String?
  package var groups: [String]
  /// Among others the pod and node that a projected token is bound to.
  package var extra: [String: [String]]
  /// Those of the asked audiences that the token is for.
  package var audiences: [String]
  package var error: String?

  package init(
    isAuthenticated: Bool, username: String = "", uid: String? = nil, groups: [String] = [],
    extra: [String: [String]] = [:], audiences: [String] = [], error: String? = nil
  ) {
    self.isAuthenticated = isAuthenticated
    self.username = username
    self.uid = uid
    self.groups = groups
    self.extra = extra
    self.audiences = audiences
    self.error = error
  }
}

extension TokenReview {
  /// Reads the server's answer. What is not there, or of another type, says nothing in the token's favour.
  init(_ answer: KubernetesObject) {
    let status = answer["status"] ?? [:]
    let user = status["user"]
    func texts(_ value: JSONValue?) -> [String] { (value?.array ?? []).compactMap(\.string) }
    self.init(
      isAuthenticated: status["authenticated"]?.bool ?? false,
      username: user?["username"]?.string ?? "", uid: user?["uid"]?.string,
      groups: texts(user?["groups"]),
      extra: (user?["extra"]?.object?.byName ?? [:]).mapValues { texts($0) },
      audiences: texts(status["audiences"]), error: status["error"]?.string)
  }
}

extension KubernetesClient {
  /// Whether these credentials may do `verb` (`get`, `list`, `create` …) with objects of a type. `namespace` nil means all.
  package func mayI(
    _ verb: String, _ type: ResourceType, in namespace: String? = nil, name: String? = nil,
    subresource: String? = nil
  ) async throws(KubernetesError) -> AccessReview {
    var attributes: JSONValue = ["verb": .string(verb), "resource": .string(type.plural)]
    if !type.group.isEmpty { attributes["group"] = .string(type.group) }
    if let namespace { attributes["namespace"] = .string(namespace) }
    if let name { attributes["name"] = .string(name) }
    if let subresource { attributes["subresource"] = .string(subresource) }
    let answer = try await create(
      KubernetesObject(
        .selfSubjectAccessReviews, name: nil,
        fields: ["spec": ["resourceAttributes": attributes]]), as: .selfSubjectAccessReviews)
    return AccessReview(
      isAllowed: answer["status", "allowed"]?.bool ?? false,
      reason: answer["status", "reason"]?.string)
  }

  /// Asks the API server whose token this is. With `audiences` it has to be meant for one of them.
  package func review(token: BearerToken, audiences: [String] = []) async throws(KubernetesError)
    -> TokenReview
  {
    var spec: JSONValue = ["token": .string(token.text)]
    if !audiences.isEmpty { spec["audiences"] = .array(audiences.map { .string($0) }) }
    let answer = try await create(
      KubernetesObject(.tokenReviews, name: nil, fields: ["spec": spec]), as: .tokenReviews)
    return TokenReview(answer)
  }
}
