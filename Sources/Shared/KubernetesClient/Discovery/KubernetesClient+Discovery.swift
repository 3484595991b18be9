internal import NIOHTTP1

extension KubernetesClient {
  /// Aggregated discovery, and for a server that has none the older form.
  private static let aggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

  /// What the server serves now.
  package func discover() async throws(KubernetesError) -> APIDirectory {
    let core = try await part(["api"])
    let groups = try await part(["apis"])
    return APIDirectory(
      versions: core.versions + groups.versions,
      unavailable: core.unavailable + groups.unavailable)
  }

  /// The versions of a group that are served, the preferred one first; empty for a group that is not.
  package func versions(ofGroup group: String) async throws(KubernetesError) -> [String] {
    do {
      return Self.versions(try await read(["apis", group]))
    } catch {
      guard error.status?.code == 404 else { throw error }
      return []
    }
  }

  /// What one version of a group serves; nil when it is not served.
  package func resources(group: String, version: String) async throws(KubernetesError)
    -> [DiscoveredResource]?
  {
    do {
      return try await list(group, version).resources
    } catch {
      guard error.status?.code == 404 else { throw error }
      return nil
    }
  }

  private func read(_ path: [String]) async throws(KubernetesError) -> JSONValue {
    try await answer(
      APIRequest(
        method: .GET, path: path, accept: Self.aggregated,
        summary: "discover \(path.joined(separator: "/"))"))
  }

  private func part(_ path: [String]) async throws(KubernetesError) -> APIDirectory {
    let value = try await read(path)
    if let directory = APIDirectory(aggregated: value) { return directory }
    var directory = APIDirectory(versions: [])
    for (group, versions) in try groups(of: value, path) {
      for version in versions {
        do {
          directory.versions.append(try await list(group, version))
        } catch {
          // One server of several that stand behind this one: the others still count.
          guard error.code == .refused else { throw error }
          directory.unavailable.append(group.isEmpty ? version : "\(group)/\(version)")
        }
      }
    }
    return directory
  }

  private func list(_ group: String, _ version: String) async throws(KubernetesError)
    -> APIDirectory.GroupVersion
  {
    let path = group.isEmpty ? ["api", version] : ["apis", group, version]
    let value = try await read(path)
    guard let list = APIDirectory.GroupVersion(list: value, group: group, version: version) else {
      throw KubernetesError(
        .protocolMismatch, "discover \(path.joined(separator: "/")): the answer is no list of types"
      )
    }
    return list
  }

  private func groups(of value: JSONValue, _ path: [String]) throws(KubernetesError)
    -> [(group: String, versions: [String])]
  {
    switch value["kind"]?.string {
    case "APIVersions":
      return [("", (value["versions"]?.array ?? []).compactMap(\.string))]
    case "APIGroupList":
      return (value["groups"]?.array ?? []).map { ($0["name"]?.string ?? "", Self.versions($0)) }
    default:
      throw KubernetesError(
        .protocolMismatch,
        "discover \(path.joined(separator: "/")): the answer is no list of groups",
        hint: "check that the address is that of a Kubernetes API server")
    }
  }

  private static func versions(_ group: JSONValue) -> [String] {
    let all = (group["versions"]?.array ?? []).compactMap { $0["version"]?.string }
    guard let preferred = group[path: ["preferredVersion", "version"]]?.string else { return all }
    return [preferred] + all.filter { $0 != preferred }
  }
}
