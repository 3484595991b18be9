extension APIDirectory.GroupVersion {
  /// Reads an `APIResourceList`; nil for anything else.
  init?(list value: JSONValue, group: String, version: String) {
    guard value["kind"]?.string == "APIResourceList", let entries = value["resources"]?.array
    else { return nil }
    self.init(group: group, version: version, resources: [])
    var subresources: [String: Set<String>] = [:]
    for entry in entries {
      guard let name = entry["name"]?.string else { continue }
      let parts = name.split(separator: "/", maxSplits: 1)
      guard parts.count == 1 else {
        subresources[String(parts[0]), default: []].insert(String(parts[1]))
        continue
      }
      guard let kind = entry["kind"]?.string else { continue }
      func texts(_ key: String) -> [String] { (entry[key]?.array ?? []).compactMap(\.string) }
      resources.append(
        DiscoveredResource(
          type: ResourceType(
            group: group, version: version, kind: kind, plural: name,
            namespaced: entry["namespaced"]?.bool ?? false), verbs: Set(texts("verbs")),
          shortNames: texts("shortNames"), categories: texts("categories")))
    }
    for index in resources.indices {
      resources[index].subresources = subresources[resources[index].type.plural] ?? []
    }
  }
}
