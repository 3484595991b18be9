/// Everything that an API server serves.
package struct APIDirectory: Hashable, Sendable {
  /// One version of a group.
  package struct GroupVersion: Hashable, Sendable {
    package var group: String
    package var version: String
    package var resources: [DiscoveredResource]

    package init(group: String, version: String, resources: [DiscoveredResource]) {
      self.group = group
      self.version = version
      self.resources = resources
    }
  }

  /// Groups in the server's order, the versions of each in the order of its preference.
  package var versions: [GroupVersion]
  /// Versions that are served but could not be asked, such as `metrics.k8s.io/v1beta1` while its own server is down. What
  /// they serve is not known.
  package var unavailable: [String]

  package init(versions: [GroupVersion], unavailable: [String] = []) {
    self.versions = versions
    self.unavailable = unavailable
  }

  /// Every served version of a kind, the preferred one first.
  package func versions(ofKind kind: String, group: String) -> [DiscoveredResource] {
    versions.lazy.filter { $0.group == group }.flatMap(\.resources).filter { $0.type.kind == kind }
  }

  /// What `apiVersion` and `kind` of a manifest stand for; nil when it is not served.
  package func resource(apiVersion: String, kind: String) -> DiscoveredResource? {
    let parts = apiVersion.split(separator: "/", maxSplits: 1)
    let group = parts.count == 2 ? String(parts[0]) : ""
    return versions(ofKind: kind, group: group).first { $0.type.apiVersion == apiVersion }
  }

  /// Each type once, in the version that the server prefers for it.
  package var preferred: [DiscoveredResource] {
    var seen: Set<[String]> = []
    return versions.flatMap(\.resources).filter {
      seen.insert([$0.type.group, $0.type.plural]).inserted
    }
  }
}
