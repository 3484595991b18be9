import Foundation
import KubernetesClient
import Logging
import Testing

/// A Kubernetes API server that whoever runs the tests has set up, with a token that may do everything in it.
struct RealServer {
  static let variables = [
    "STILLPOINT_TEST_API_SERVER", "STILLPOINT_TEST_API_CA", "STILLPOINT_TEST_API_TOKEN",
  ]
  static let isGiven = variables.allSatisfy { ProcessInfo.processInfo.environment[$0] != nil }
  static let why: Comment =
    "STILLPOINT_TEST_API_SERVER, _CA (a file) and _TOKEN (a file) name no Kubernetes API server"

  static func access(token: String? = nil) throws -> ClusterAccess {
    let given = variables.compactMap { ProcessInfo.processInfo.environment[$0] }
    let address = try #require(ServerAddress(given[0]))
    let own = try String(contentsOfFile: given[2], encoding: .utf8)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    return ClusterAccess(
      server: address, trust: .file(given[1]), identity: .token(BearerToken(token ?? own)))
  }

  /// Runs `body` in a namespace of its own, which is deleted afterwards.
  static func with(
    options: ClientOptions = ClientOptions(),
    _ body: (KubernetesClient, _ namespace: String) async throws -> Void
  ) async throws {
    let name = "stillpoint-test-" + UUID().uuidString.lowercased().prefix(8)
    var access = try access()
    access.namespace = name
    try await KubernetesClient.with(access, options: options, logger: Logger(label: "test")) {
      client in
      _ = try await client.create(KubernetesObject(.namespaces, name: name), as: .namespaces)
      do {
        try await body(client, name)
      } catch {
        _ = try? await client.delete(.namespaces, name)
        throw error
      }
      _ = try await client.delete(.namespaces, name)
    }
  }

  static func map(_ name: String, _ data: [String: String] = [:]) -> KubernetesObject {
    KubernetesObject(.configMaps, name: name, fields: ["data": JSONValue(data)])
  }
}
