internal import KubernetesClient

extension ServedType {
  /// The type that a CustomResourceDefinition stands for; nil for one that is malformed.
  init?(definition: KubernetesObject) {
    guard let group = definition["spec", "group"]?.string,
      let kind = definition["spec", "names", "kind"]?.string,
      let plural = definition["spec", "names", "plural"]?.string,
      let scope = definition["spec", "scope"]?.string,
      let versions = definition["spec", "versions"]?.array
    else { return nil }
    let served = versions.filter { $0["served"]?.bool == true }
    let names = served.compactMap { $0["name"]?.string }
    guard let first = names.first else { return nil }
    self.init(
      ResourceType(
        group: group, version: first, kind: kind, plural: plural,
        namespaced: scope == "Namespaced"), versions: names)
    shortNames = (definition["spec", "names", "shortNames"]?.array ?? []).compactMap(\.string)
    hasStatus = served[0][path: ["subresources", "status"]] != nil
    hasScale = served[0][path: ["subresources", "scale"]] != nil
    hasGeneration = true
    schema = served[0][path: ["schema", "openAPIV3Schema"]]
  }
}
