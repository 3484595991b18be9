internal import Foundation
internal import KubernetesClient
internal import KubernetesSnapshots
internal import Logging
internal import ServiceLifecycle

/// The configuration's section `kubernetes`: the cluster whose claims this node's volumes belong to.
struct ClusterUse: Decodable, Sendable {
  /// A kubeconfig; the service account of the agent's own pod when it is left out.
  var kubeconfig: String?
  var snapshotClasses: [String: String]?
  var groupSnapshotClasses: [String: String]?

  var settings: ClusterSettings {
    ClusterSettings(
      snapshotClasses: snapshotClasses ?? [:], groupSnapshotClasses: groupSnapshotClasses ?? [:])
  }

  func access(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(KubernetesError) -> ClusterAccess {
    guard let kubeconfig else { return try .inCluster(environment: environment) }
    return try .kubeconfig(path: kubeconfig, environment: environment)
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
