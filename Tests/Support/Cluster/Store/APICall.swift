internal import KubernetesClient

/// A request as the test server reads it.
package struct APICall: Sendable {
  package var method: String
  /// Decoded segments.
  package var path: [String]
  package var query: [String: String]
  package var headers: [String: String]
  package var body: [UInt8]

  package var accept: String { headers["accept"] ?? "application/json" }
  package var contentType: String { headers["content-type"] ?? "application/json" }
  package var bearer: String? {
    guard let value = headers["authorization"], value.hasPrefix("Bearer ") else { return nil }
    return String(value.dropFirst(7))
  }

  /// What the path leads to; nil for what is no path of objects.
  struct Target: Sendable {
    var group: String
    var version: String
    var plural: String
    var namespace: String?
    var name: String?
    var subresource: String?
  }

  var target: Target? {
    var rest = path[...]
    guard let root = rest.popFirst() else { return nil }
    var group = ""
    if root == "apis" {
      guard let name = rest.popFirst() else { return nil }
      group = name
    } else if root != "api" {
      return nil
    }
    guard let version = rest.popFirst() else { return nil }
    var namespace: String?
    if rest.first == "namespaces", rest.count >= 3,
      !["status", "finalize"].contains(rest[rest.startIndex + 2])
    {
      namespace = rest[rest.startIndex + 1]
      rest = rest.dropFirst(2)
    }
    guard let plural = rest.popFirst() else { return nil }
    let name = rest.popFirst()
    let subresource = rest.popFirst()
    guard rest.isEmpty else { return nil }
    return Target(
      group: group, version: version, plural: plural, namespace: namespace, name: name,
      subresource: subresource)
  }

  /// The API's verb, which rights are given for.
  package var verb: String {
    switch method {
    case "POST": "create"
    case "PUT": "update"
    case "PATCH": "patch"
    case "DELETE": target?.name == nil ? "deletecollection" : "delete"
    default:
      target?.name != nil
        ? "get" : query["watch"].map { $0 == "1" || $0 == "true" } == true ? "watch" : "list"
    }
  }

  package var manager: String {
    query["fieldManager"]
      ?? String((headers["user-agent"] ?? "unknown").split(separator: "/").first ?? "unknown")
  }
  var isDryRun: Bool { query["dryRun"] == "All" }
}

/// What the test server answers at once.
package struct APIReply: Sendable {
  package var code: Int
  package var body: [UInt8]
  package var headers: [(String, String)] = []
  package var contentType = "application/json"

  init(_ value: JSONValue, code: Int = 200) {
    self.code = code
    // Go ends what it encodes with a line feed.
    body = value.bytes + [UInt8(ascii: "\n")]
  }
}
