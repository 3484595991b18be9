internal import CoordinatorKubernetes
internal import Foundation
internal import KubernetesClient
internal import Logging
internal import ServiceLifecycle

/// The cluster that the coordinator serves: its API server, and the lease that makes this process the active one. Both outlive
/// every term.
struct ClusterLink {
  let client: KubernetesClient
  let lease: CoordinatorLease

  init(_ use: ClusterUse, logger: Logger) throws {
    client = KubernetesClient(try use.access(), logger: logger)
    let host = ProcessInfo.processInfo.hostName
    lease = CoordinatorLease(
      client: client, namespace: client.namespace, name: "stillpoint-coordinator",
      identity: "\(host)_\(UUID().uuidString.lowercased())", logger: logger)
  }
}

/// What can be done through the cluster's own objects, and what is learnt from them.
struct ClusterWork: Service {
  let controllers: ClusterControllers
  let notice: AuthorityNotice
  let recorder: WorkloadRecorder

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await notice.keep() }
        group.addTask { await recorder.run() }
        await controllers.run()
        group.cancelAll()
      }
    }
  }
}
