/// Objects of one type as they were together at one resource version.
package struct KubernetesList: Hashable, Sendable {
  package var items: [KubernetesObject]
  /// Where a watch goes on from.
  package var resourceVersion: String
  /// Where the next page begins; nil for the last one, and for a whole list.
  package var next: String?

  package init(items: [KubernetesObject], resourceVersion: String, next: String? = nil) {
    self.items = items
    self.resourceVersion = resourceVersion
    self.next = next
  }

  /// Nil for what is no list. Items of a list carry neither version nor kind, so they get those of `type`.
  init?(_ value: JSONValue, of type: ResourceType) {
    guard let elements = value["items"]?.array ?? (value["items"] == .null ? [] : nil),
      let version = value[path: ["metadata", "resourceVersion"]]?.string
    else { return nil }
    var items: [KubernetesObject] = []
    items.reserveCapacity(elements.count)
    for element in elements {
      guard let fields = element.object else { return nil }
      var json: JSONObject = [
        "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
      ]
      for (key, field) in fields { json[key] = field }
      items.append(KubernetesObject(json))
    }
    let token = value[path: ["metadata", "continue"]]?.string
    self.init(
      items: items, resourceVersion: version, next: token.flatMap { $0.isEmpty ? nil : $0 })
  }
}
