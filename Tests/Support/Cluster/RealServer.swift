internal import Foundation
package import KubernetesClient
internal import Logging

/// A Kubernetes API server that whoever runs the tests has set up, with credentials that may do everything in it.
///
/// A `KUBECONFIG` alone does not do: on many machines one is set that is not meant for tests.
package struct RealServer {
  private static let variables = [
    "STILLPOINT_TEST_API_SERVER", "STILLPOINT_TEST_API_CA", "STILLPOINT_TEST_API_TOKEN",
  ]
  private static let given = variables.compactMap { ProcessInfo.processInfo.environment[$0] }
  private static let isByConfiguration =
    ProcessInfo.processInfo.environment["STILLPOINT_TEST_CLUSTER"] == "yes"
    && ProcessInfo.processInfo.environment["KUBECONFIG"] != nil

  package static let isGiven = given.count == variables.count || isByConfiguration
  package static let why =
    "neither KUBECONFIG with STILLPOINT_TEST_CLUSTER=yes nor STILLPOINT_TEST_API_SERVER, _CA (a file) and _TOKEN "
    + "(a file) name a Kubernetes API server for tests"

  /// - Parameter token: instead of the credentials that were given.
  package static func access(token: String? = nil) throws -> ClusterAccess {
    if isByConfiguration {
      var access = try ClusterAccess.kubeconfig(
        environment: ProcessInfo.processInfo.environment)
      if let token { access.identity = .token(BearerToken(token)) }
      return access
    }
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
