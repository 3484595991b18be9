extension APIDirectory {
  /// Reads an `APIGroupDiscoveryList`; nil for anything else.
  init?(aggregated value: JSONValue) {
    guard value["kind"]?.string == "APIGroupDiscoveryList", let groups = value["items"]?.array
    else { return nil }
    self.init(versions: [])
    for group in groups {
      let name = group[path: ["metadata", "name"]]?.string ?? ""
      for version in group["versions"]?.array ?? [] {
        guard let text = version["version"]?.string else { continue }
        if version["freshness"]?.string == "Stale" {
          unavailable.append(name.isEmpty ? text : "\(name)/\(text)")
        }
        let resources = (version["resources"]?.array ?? []).compactMap {
          DiscoveredResource(aggregated: $0, group: name, version: text)
        }
        versions.append(GroupVersion(group: name, version: text, resources: resources))
      }
    }
  }
}

extension DiscoveredResource {
  fileprivate init?(aggregated value: JSONValue, group: String, version: String) {
    // A type that is there for its subresources alone has no kind of its own.
    guard let plural = value["resource"]?.string,
      let kind = value[path: ["responseKind", "kind"]]?.string, !kind.isEmpty,
      let scope = value["scope"]?.string
    else { return nil }
    func texts(_ key: String) -> [String] { (value[key]?.array ?? []).compactMap(\.string) }
    self.init(
      type: ResourceType(
        group: group, version: version, kind: kind, plural: plural,
        namespaced: scope == "Namespaced"), verbs: Set(texts("verbs")),
      shortNames: texts("shortNames"), categories: texts("categories"),
      subresources: Set(
        (value["subresources"]?.array ?? []).compactMap { $0["subresource"]?.string }))
  }
}
