internal import Foundation
package import KubernetesClient
internal import Logging

/// A Kubernetes API server that whoever runs the tests has set up, with a token that may do everything in it.
package struct RealServer {
  private static let variables = [
    "STILLPOINT_TEST_API_SERVER", "STILLPOINT_TEST_API_CA", "STILLPOINT_TEST_API_TOKEN",
  ]
  package static let isGiven = variables.allSatisfy {
    ProcessInfo.processInfo.environment[$0] != nil
  }
  package static let why =
    "STILLPOINT_TEST_API_SERVER, _CA (a file) and _TOKEN (a file) name no Kubernetes API server"

  package static func access(token: String? = nil) throws -> ClusterAccess {
    let given = variables.compactMap { ProcessInfo.processInfo.environment[$0] }
    guard given.count == variables.count, let address = ServerAddress(given[0]) else {
      throw KubernetesError(.configuration, why)
    }
    let own = try String(contentsOfFile: given[2], encoding: .utf8)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    return ClusterAccess(
      server: address, trust: .file(given[1]), identity: .token(BearerToken(token ?? own)))
  }

  /// Runs `body` in a namespace of its own, which is deleted afterwards.
  package static func with(
    options: ClientOptions = ClientOptions(), annotations: [String: String] = [:],
    _ body: (KubernetesClient, _ namespace: String) async throws -> Void
  ) async throws {
    let name = "stillpoint-test-" + UUID().uuidString.lowercased().prefix(8)
    var access = try access()
    access.namespace = name
    try await KubernetesClient.with(access, options: options, logger: Logger(label: "test")) {
      client in
      _ = try await client.create(
        KubernetesObject(.namespaces, name: name, annotations: annotations), as: .namespaces)
      do {
        try await body(client, name)
      } catch {
        // The error of the test says more than that of cleaning up after it.
        _ = try? await client.delete(.namespaces, name)
        throw error
      }
      _ = try await client.delete(.namespaces, name)
    }
  }

  package static func map(_ name: String, _ data: [String: String] = [:]) -> KubernetesObject {
    KubernetesObject(.configMaps, name: name, fields: ["data": JSONValue(data)])
  }
}
