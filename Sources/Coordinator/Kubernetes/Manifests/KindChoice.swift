internal import KubernetesClient
internal import Model

/// Which of the kinds that a cluster serves belong to a namespace's backup.
struct KindChoice {
  struct Chosen: Hashable {
    var type: ResourceType
    var canBeWatched: Bool
  }

  var rules: ManifestRules

  /// What says nothing about how the namespace is meant to be: traces, and what controllers make of the rest.
  static let usuallyLeftOut: [KindPattern] = [
    "events", "events.events.k8s.io", "endpoints", "endpointslices.discovery.k8s.io",
    ".coordination.k8s.io", "controllerrevisions.apps", "csistoragecapacities.storage.k8s.io",
    ".metrics.k8s.io", ".custom.metrics.k8s.io", ".external.metrics.k8s.io",
    // Data, which the backup has from its own cut.
    ".snapshot.storage.k8s.io", ".groupsnapshot.storage.k8s.io",
    "backups.stillpoint.dev", "restores.stillpoint.dev",
  ].map { KindPattern(accepted: $0) }

  /// The namespaced kinds, in the server's order.
  func namespaced(in directory: APIDirectory) -> [Chosen] {
    directory.preferred.compactMap { resource in
      let type = resource.type
      guard type.namespaced, resource.verbs.isSuperset(of: ["get", "list"]), isWanted(type) else {
        return nil
      }
      return Chosen(type: type, canBeWatched: resource.verbs.contains("watch"))
    }
  }

  func isWanted(_ type: ResourceType) -> Bool {
    func matches(_ patterns: [KindPattern]) -> Bool {
      patterns.contains { $0.matches(plural: type.plural, group: type.group) }
    }
    if matches(rules.exclude) || (type == .secrets && rules.secrets == .omit) { return false }
    return rules.include.isEmpty ? !matches(Self.usuallyLeftOut) : matches(rules.include)
  }

  /// Groups whose own server does not answer: what they serve is not known, nor whether the namespace has any of it.
  func unknown(in directory: APIDirectory) -> [String] {
    directory.unavailable.filter { version in
      let group = String(version.split(separator: "/").first ?? "")
      return !(Self.usuallyLeftOut + rules.exclude).contains { $0.text == ".\(group)" }
    }
  }

  /// Kinds that the plan names and the cluster does not serve.
  func missing(in directory: APIDirectory) -> [String] {
    rules.include.filter { pattern in
      !directory.preferred.contains {
        pattern.matches(plural: $0.type.plural, group: $0.type.group)
      }
    }.map(\.text)
  }

  /// Groups that Kubernetes itself serves, whose kinds no CustomResourceDefinition defines.
  static func isBuiltIn(_ group: String) -> Bool {
    !group.contains(".")
      || [
        "admissionregistration", "apiextensions", "apiregistration", "authentication",
        "authorization", "certificates", "coordination", "discovery", "events",
        "flowcontrol.apiserver",
        "internal.apiserver", "networking", "node", "rbac.authorization", "resource", "scheduling",
        "storage", "storagemigration",
      ].contains { group == "\($0).k8s.io" }
  }
}
