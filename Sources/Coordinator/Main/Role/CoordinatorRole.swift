internal import CoordinatorKubernetes
internal import KubernetesClient
internal import Logging
internal import ServiceLifecycle

/// What this process is to its fleet: the active coordinator for one term after the other, and a standby in between.
///
/// Without a cluster there is nobody to stand by for: one term, from the start to the stop.
struct CoordinatorRole: Service {
  let configuration: CoordinatorConfiguration
  let cluster: ClusterLink?
  /// One for the whole process: what hangs there hangs across terms.
  let exports: ExportDirectory?
  let status: RoleStatus
  let logger: Logger

  func run() async throws {
    guard let cluster else {
      try await serve(nil)
      return
    }
    do {
      try await takeTerms(cluster)
    } catch {
      // The lease is left to run out: what of the term is still there is not known.
      await cluster.client.close()
      throw error
    }
    // Lets the next one begin at once: nothing of this coordinator runs any more.
    await cluster.lease.release()
    await cluster.client.close()
  }

  /// Until the coordinator is told to stop.
  private func takeTerms(_ cluster: ClusterLink) async throws {
    while !Task.isCancelled, !Task.isShuttingDownGracefully {
      status.enter(.standby)
      // A standby touches nothing that the active one may be using.
      let isActive = await cancelWhenGracefulShutdown { await cluster.lease.acquire() }
      guard isActive, !Task.isShuttingDownGracefully else { return }
      let term = LeasedTerm(lease: cluster.lease, status: status, logger: logger)
      try await term.run { loss in try await serve(loss) }
    }
  }

  private func serve(_ loss: TermLoss?) async throws {
    status.enter(.starting)
    try await Term(
      configuration: configuration, cluster: cluster, exports: exports, status: status,
      loss: loss, logger: logger
    ).run()
  }
}
