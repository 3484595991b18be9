internal import ConfigurationFile
internal import Foundation
internal import KubernetesClient
internal import KubernetesSnapshots
internal import Logging
internal import ServiceLifecycle

/// The configuration's section `kubernetes`: the cluster whose claims this node's volumes belong to.
struct ClusterUse: Decodable, Sendable {
  private static let account = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// `https://HOST:PORT`; what kubelet tells every pod when it is left out.
  var server: String?
  /// A PEM file of the authority that signed the server's certificate; that of the pod's service account when left out.
  var authority: String?
  /// The file with the token of a service account, read again when it changes; that of the pod's when left out.
  var tokenFile: String?
  var snapshotClasses: [String: String]?
  var groupSnapshotClasses: [String: String]?

  var settings: ClusterSettings {
    ClusterSettings(
      snapshotClasses: snapshotClasses ?? [:], groupSnapshotClasses: groupSnapshotClasses ?? [:])
  }

  func access(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ConfigurationError) -> ClusterAccess {
    ClusterAccess(
      server: try address(environment), trust: .file(authority ?? "\(Self.account)/ca.crt"),
      identity: .tokenFile(tokenFile ?? "\(Self.account)/token"))
  }

  private func address(_ environment: [String: String]) throws(ConfigurationError)
    -> ServerAddress
  {
    if let server {
      guard let address = ServerAddress(server), address.isSecure else {
        throw ConfigurationError("kubernetes.server must be https://HOST:PORT, not '\(server)'")
      }
      return address
    }
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let port = Int(environment["KUBERNETES_SERVICE_PORT"] ?? "443"), (1...65535).contains(port)
    else {
      throw ConfigurationError(
        "kubernetes.server is missing, and this agent runs in no pod that could tell it")
    }
    return ServerAddress(host: host, port: port)
  }
}

/// Follows the cluster's snapshots while something is cut, and says at the start which rights the agent lacks.
struct ClusterConnection: Service {
  let cluster: ClusterSnapshots
  let client: KubernetesClient
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await cluster.run() }
        group.addTask { await tellMissingRights() }
      }
    }
    await client.close()
  }

  private func tellMissingRights() async {
    do throws(KubernetesError) {
      for right in try await cluster.missingRights() {
        logger.error("right missing in the cluster", metadata: ["right": "\(right)"])
      }
    } catch {
      // The server may be away just now: prepare tells in its own words what it was not allowed to do.
      logger.warning("rights in the cluster not known", metadata: ["error": "\(error)"])
    }
  }
}
