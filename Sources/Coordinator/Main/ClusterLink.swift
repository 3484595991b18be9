internal import CoordinatorCore
internal import CoordinatorKubernetes
internal import Foundation
internal import KubernetesClient
internal import Lifecycle
internal import Logging
internal import ServiceLifecycle

/// The cluster that the coordinator serves: its API server, and the lease that makes this process the active one.
struct ClusterLink {
  let client: KubernetesClient
  let lease: CoordinatorLease
  let logger: Logger

  init(_ use: ClusterUse, logger: Logger) throws {
    self.logger = logger
    client = KubernetesClient(try use.access(), logger: logger)
    let host = ProcessInfo.processInfo.hostName
    lease = CoordinatorLease(
      client: client, namespace: client.namespace, name: "stillpoint-coordinator",
      identity: "\(host)_\(UUID().uuidString.lowercased())", logger: logger)
  }

  /// Waits until this process is the active one; false when it was told to stop before.
  func activate() async -> Bool { await lease.acquire() }

  /// Lets the next one begin. Called when nothing of this coordinator runs any more.
  func close() async {
    await lease.release()
    await client.close()
  }
}

/// Keeps the lease, and ends the process when it is lost: another coordinator may be active from then on.
struct LeaseKeeper: Service {
  let link: ClusterLink

  func run() async throws {
    let lost = await cancelWhenGracefulShutdown { await link.lease.hold() }
    guard let lost else { return }
    link.logger.critical(
      "coordinator ended: it is not the active one any more", metadata: ["reason": "\(lost)"])
    // Like a crash, which every part survives at any point: going on for a moment longer is what must not happen.
    exit(EXIT_FAILURE)
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
