internal import KubernetesClient

/// Whether whoever asks may install.
enum RightsCheck {
  /// What `deploy/kubernetes` consists of, in the order in which it is applied.
  static func needed(in namespace: String) -> [ClusterFacts.Right] {
    let rbac = "rbac.authorization.k8s.io"
    func type(_ group: String, _ kind: String, _ plural: String, namespaced: Bool = true)
      -> ResourceType
    {
      ResourceType(group: group, version: "v1", kind: kind, plural: plural, namespaced: namespaced)
    }
    let wide: [ResourceType] = [
      .namespaces, .customResourceDefinitions, clusterRoles,
      type(rbac, "ClusterRoleBinding", "clusterrolebindings", namespaced: false),
    ]
    let inside: [ResourceType] = [
      .serviceAccounts, .configMaps, .services, .statefulSets, .daemonSets,
      type(rbac, "Role", "roles"), type(rbac, "RoleBinding", "rolebindings"),
      type("networking.k8s.io", "NetworkPolicy", "networkpolicies"),
      type("policy", "PodDisruptionBudget", "poddisruptionbudgets"),
    ]
    return wide.map { ClusterFacts.Right(verb: "create", type: $0, namespace: nil) }
      + inside.map { ClusterFacts.Right(verb: "create", type: $0, namespace: namespace) }
      + [escalate]
  }

  private static let clusterRoles = ResourceType(
    group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRole", plural: "clusterroles",
    namespaced: false)
  /// Who lacks this one can give only rights that they have themselves.
  private static let escalate = ClusterFacts.Right(
    verb: "escalate", type: clusterRoles, namespace: nil)

  static func findings(_ facts: ClusterFacts) -> [Finding] {
    facts.rights.findings("rights") { rights in
      let needed = needed(in: facts.namespaceName).filter { $0 != escalate }
      let lacking = needed.filter { rights[$0] != true }
      guard lacking.isEmpty else {
        let names = lacking.map { right in
          right.type.description + (right.namespace.map { " in \($0)" } ?? "")
        }
        return [
          Finding(
            "rights", .missing, "these credentials may not create \(names.joined(separator: ", "))",
            advice:
              "install as somebody who may, or have the missing parts of deploy/kubernetes applied by an administrator"
          )
        ]
      }
      return rights[escalate] == true
        ? [Finding("rights", .good, "these credentials may create all that an installation brings")]
        : [
          Finding(
            "rights", .warning,
            "these credentials may create ClusterRoles, but only with rights that they have themselves",
            advice:
              "if the roles of Stillpoint are refused, have access.yaml of the coordinator and the agents applied by an "
              + "administrator")
        ]
    }
  }
}
