internal import KubernetesClient

extension APIServer {
  /// Paths that are none of objects; nil for those that are.
  func wellKnown(_ call: APICall, _ user: TestUser) throws(Refusal) -> APIReply? {
    let aggregated = hasAggregatedDiscovery && call.accept.contains("APIGroupDiscoveryList")
    switch call.path.count {
    case 1 where ["version", "livez", "readyz"].contains(call.path[0]):
      guard call.method == "GET" else {
        throw Refusal(
          405, .methodNotAllowed,
          "the server does not allow this method on the requested resource", details: [:])
      }
      guard call.path == ["version"] else {
        var reply = APIReply([:])
        reply.body = Array("ok".utf8)
        reply.contentType = "text/plain; charset=utf-8"
        return reply
      }
      return APIReply(["major": "1", "minor": "36", "gitVersion": "v1.36.2"])
    case 1 where call.path == ["api"]:
      return aggregated
        ? aggregatedList { $0.isEmpty } : APIReply(["kind": "APIVersions", "versions": ["v1"]])
    case 1 where call.path == ["apis"]:
      return aggregated ? aggregatedList { !$0.isEmpty } : APIReply(groupList())
    case 2 where call.path[0] == "api": return try resourceList("", call.path[1])
    case 2 where call.path[0] == "apis":
      guard let group = groups().first(where: { $0.name == call.path[1] }) else {
        throw .noSuchPath
      }
      return APIReply(Self.json(group, top: true))
    case 3 where call.path[0] == "apis": return try resourceList(call.path[1], call.path[2])
    default: return nil
    }
  }

  private func groups() -> [(name: String, versions: [String])] {
    var groups: [String: [String]] = [:]
    for type in store.types.values {
      let known = groups[type.group] ?? []
      groups[type.group] =
        known.count >= type.versions.count
        ? known : type.versions
    }
    return groups.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func json(_ group: (name: String, versions: [String]), top: Bool) -> JSONValue {
    let versions = group.versions.map { version -> JSONValue in
      ["groupVersion": .string("\(group.name)/\(version)"), "version": .string(version)]
    }
    var value: JSONValue = top ? ["kind": "APIGroup", "apiVersion": "v1"] : [:]
    value["name"] = .string(group.name)
    value["versions"] = .array(versions)
    value["preferredVersion"] = versions[0]
    return value
  }

  private func groupList() -> JSONValue {
    let groups = groups().filter { !$0.name.isEmpty }
    return [
      "kind": "APIGroupList", "apiVersion": "v1",
      "groups": .array(groups.map { Self.json($0, top: false) }),
    ]
  }

  private static let verbs: JSONValue = [
    "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
  ]

  private func types(_ group: String, _ version: String) -> [ServedType] {
    store.types.values.filter { $0.group == group && $0.versions.contains(version) }
      .sorted { $0.plural < $1.plural }
  }

  private func resourceList(_ group: String, _ version: String) throws(Refusal) -> APIReply {
    let types = types(group, version)
    guard !types.isEmpty else { throw .noSuchPath }
    guard !brokenGroups.contains(group) else {
      throw Refusal(
        503, .serviceUnavailable, "the server is currently unable to handle the request")
    }
    var resources: [JSONValue] = []
    for type in types {
      var entry: JSONValue = [
        "name": .string(type.plural), "singularName": .string(type.kind.lowercased()),
        "namespaced": .bool(type.namespaced), "kind": .string(type.kind), "verbs": Self.verbs,
      ]
      if !type.shortNames.isEmpty {
        entry["shortNames"] = .array(type.shortNames.map { .string($0) })
      }
      entry["storageVersionHash"] = "AAAAAAAAAAA="
      resources.append(entry)
      for (name, kind) in Self.subresources(of: type) {
        resources.append([
          "name": .string("\(type.plural)/\(name)"), "singularName": "",
          "namespaced": .bool(type.namespaced), "kind": .string(kind),
          "verbs": ["get", "patch", "update"],
        ])
      }
    }
    return APIReply([
      "kind": "APIResourceList", "apiVersion": "v1",
      "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
      "resources": .array(resources),
    ])
  }

  private static func subresources(of type: ServedType) -> [(String, String)] {
    (type.hasScale ? [("scale", "Scale")] : []) + (type.hasStatus ? [("status", type.kind)] : [])
  }

  private func aggregatedList(_ wanted: (String) -> Bool) -> APIReply {
    let items = groups().filter { wanted($0.name) }.map { group -> JSONValue in
      let versions = group.versions.map { version -> JSONValue in
        let isBroken = brokenGroups.contains(group.name)
        return [
          "version": .string(version),
          "resources": .array(
            isBroken ? [] : types(group.name, version).map { Self.entry($0, version) }),
          "freshness": isBroken ? "Stale" : "Current",
        ]
      }
      return [
        "metadata": group.name.isEmpty ? [:] : ["name": .string(group.name)],
        "versions": .array(versions),
      ]
    }
    var reply = APIReply([
      "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:],
      "items": .array(items),
    ])
    reply.contentType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    reply.headers.append(("Vary", "Accept"))
    return reply
  }

  private static func entry(_ type: ServedType, _ version: String) -> JSONValue {
    func kind(_ kind: String) -> JSONValue {
      ["group": .string(type.group), "version": .string(version), "kind": .string(kind)]
    }
    var entry: JSONValue = [
      "resource": .string(type.plural), "responseKind": kind(type.kind),
      "scope": type.namespaced ? "Namespaced" : "Cluster",
      "singularResource": .string(type.kind.lowercased()), "verbs": verbs,
    ]
    if !type.shortNames.isEmpty {
      entry["shortNames"] = .array(type.shortNames.map { .string($0) })
    }
    let subresources = subresources(of: type).map { name, inner -> JSONValue in
      [
        "subresource": .string(name), "responseKind": kind(inner),
        "verbs": ["get", "patch", "update"],
      ]
    }
    if !subresources.isEmpty { entry["subresources"] = .array(subresources) }
    return entry
  }
}
