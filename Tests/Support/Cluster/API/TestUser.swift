/// Somebody that the test server knows.
package struct TestUser: Hashable, Sendable {
  /// What may be done with what. `*` stands for everything.
  package struct Rule: Hashable, Sendable {
    package var verbs: Set<String>
    package var group: String
    /// Plurals, with `/SUBRESOURCE` for those.
    package var resources: Set<String>
    /// Nil for every namespace and the cluster itself.
    package var namespace: String?

    package init(
      _ verbs: Set<String>, group: String = "", _ resources: Set<String>, namespace: String? = nil
    ) {
      self.verbs = verbs
      self.group = group
      self.resources = resources
      self.namespace = namespace
    }
  }

  package var name: String
  package var uid: String?
  package var groups: [String]
  package var extra: [String: [String]]
  /// Nil for one who may do everything.
  package var rules: [Rule]?
  /// What tokens of this user are meant for; empty for the API server itself.
  package var audiences: [String]

  package init(
    _ name: String, uid: String? = nil, groups: [String] = ["system:authenticated"],
    extra: [String: [String]] = [:], rules: [Rule]? = nil, audiences: [String] = []
  ) {
    self.name = name
    self.uid = uid
    self.groups = groups
    self.extra = extra
    self.rules = rules
    self.audiences = audiences
  }

  package static let admin = TestUser(
    "admin", groups: ["system:masters", "system:authenticated"])
  static let anonymous = TestUser(
    "system:anonymous", groups: ["system:unauthenticated"], rules: [])

  func may(
    _ verb: String, group: String, _ resource: String, in namespace: String?
  ) -> Bool {
    guard let rules else { return true }
    return rules.contains { rule in
      (rule.verbs.contains(verb) || rule.verbs.contains("*"))
        && (rule.group == group || rule.group == "*")
        && (rule.resources.contains(resource) || rule.resources.contains("*"))
        && (rule.namespace == nil || rule.namespace == namespace)
    }
  }
}
