internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// One operation of the API. The table of all routes is what the server serves and what `docs/openapi.yaml` describes.
struct Route: Sendable {
  var method: HTTPRequest.Method
  /// `/v1/nodes/{node}`: segments in braces are parameters.
  var path: String
  /// The query parameters that it knows; any other is refused.
  var query: Set<String>
  var handle: @Sendable (Call) async throws -> Response

  init(
    _ method: HTTPRequest.Method, _ path: String, query: Set<String> = [],
    handle: @escaping @Sendable (Call) async throws -> Response
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.handle = handle
  }
}

/// Finds the route of a request.
struct RouteTable: Sendable {
  enum Match {
    case found(Route, parameters: [String: String])
    /// The path exists, with these methods only.
    case otherMethods([HTTPRequest.Method])
    case none
  }

  private struct Entry: Sendable {
    var route: Route
    var segments: [Substring]
  }

  private let entries: [Entry]

  init(_ routes: [Route]) {
    entries = routes.map { Entry(route: $0, segments: $0.path.dropFirst().split(separator: "/")) }
  }

  /// Literal segments win over parameters. `path` is as it came, percent-encoded.
  func match(_ method: HTTPRequest.Method, path: String) -> Match {
    let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    guard path.hasPrefix("/"), segments.count <= 8 else { return .none }
    var found: [(entry: Entry, parameters: [String: String])] = []
    for entry in entries {
      if let parameters = Self.parameters(of: entry.segments, in: segments) {
        found.append((entry, parameters))
      }
    }
    guard let fewest = found.map(\.parameters.count).min() else { return .none }
    let candidates = found.filter { $0.parameters.count == fewest }
    guard let match = candidates.first(where: { $0.entry.route.method == method }) else {
      return .otherMethods(candidates.map(\.entry.route.method))
    }
    return .found(match.entry.route, parameters: match.parameters)
  }

  private static func parameters(of template: [Substring], in segments: [Substring])
    -> [String: String]?
  {
    guard template.count == segments.count else { return nil }
    var parameters: [String: String] = [:]
    for (expected, given) in zip(template, segments) {
      if expected.hasPrefix("{") {
        guard let text = String(given).removingPercentEncoding else { return nil }
        parameters[String(expected.dropFirst().dropLast())] = text
      } else if expected != given {
        return nil
      }
    }
    return parameters
  }
}
