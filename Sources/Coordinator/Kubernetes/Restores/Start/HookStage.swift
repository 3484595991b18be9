internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Logging
internal import Model

/// Runs the hooks of services that run again.
struct HookStage: Sendable {
  let client: KubernetesClient
  let executor: any HookExecutor
  let job: ObjectRestoreJob
  let patience: Patience
  let logger: Logger

  /// Nil for one that had ended before. Throws when the restore has to end.
  func run(_ planned: PlannedHook) async throws(OperationError) -> HookOutcome? {
    let known = job.ended.first {
      $0.service == planned.member.name && $0.number == planned.number
    }
    if let known {
      try requireSuccess(known, planned)
      return nil
    }
    let outcome = try await attempt(planned)
    logger.log(
      level: outcome.state == .failed ? .warning : .notice, "restore hook ended",
      metadata: ["restore": "\(job.restore)", "outcome": "\(outcome.line)"])
    return outcome
  }

  /// Throws where the plan lets the restore end with this failure.
  func requireSuccess(_ outcome: HookOutcome, _ planned: PlannedHook) throws(OperationError) {
    guard outcome.state == .failed, planned.hook.onFailure == .fail else { return }
    throw OperationError(
      .conflict, outcome.line,
      hint:
        "what is later in the plan was not started; another restore of this backup goes on here, and runs its hooks, unless "
        + "it is to run none")
  }

  private func attempt(_ planned: PlannedHook) async throws(OperationError) -> HookOutcome {
    var place: String?
    do throws(OperationError) {
      let workload = try await present(planned)
      let isForeign = workload.map { !$0.isRestored(from: job) } ?? false
      switch planned.verdict(job.order, isForeign: isForeign) {
      case .leaveOut(let reason): return outcome(planned, nil, .leftOut, reason)
      case .refuse(let reason): throw OperationError(.conflict, reason)
      case .run: break
      }
      guard let workload else {
        throw OperationError(.conflict, "its workload is gone")
      }
      let pod = try await pod(of: workload, planned)
      place = "\(pod.key) container \(planned.container)"
      let result = try await executor.run(order(planned, pod))
      return outcome(planned, place, result.isGood ? .succeeded : .failed, result.sentence)
    } catch {
      // Not its failure: the next coordinator goes on with it.
      guard !Task.isCancelled else { throw error }
      return outcome(planned, place, .failed, error.description)
    }
  }

  private func outcome(
    _ planned: PlannedHook, _ place: String?, _ state: HookOutcome.State, _ words: String
  ) -> HookOutcome {
    HookOutcome(
      service: planned.member.name, number: planned.number, place: place, state: state,
      words: words, endedAt: .now())
  }

  private func order(_ planned: PlannedHook, _ pod: KubernetesObject) -> PodHook {
    PodHook(
      restore: job.restore, backup: job.backup, service: planned.member.name,
      number: planned.number, hook: planned.hook, namespace: pod.namespace ?? "", pod: pod.name,
      podUID: pod.uid ?? "", node: pod["spec", "nodeName"]?.string ?? "",
      container: planned.container)
  }

  /// The workload as it is in the cluster.
  private func present(_ planned: PlannedHook) async throws(OperationError) -> KubernetesObject? {
    guard let item = planned.workload else { return nil }
    return try await patience.during { () throws(OperationError) in
      do throws(KubernetesError) {
        return try await client.find(item.type, item.key.name, in: item.key.namespace)
      } catch {
        throw OperationError(error, doing: "looking for", item)
      }
    }
  }

  /// A pod of the workload that is ready: the one that the backup had by its name, or on its node, or the first.
  private func pod(of workload: KubernetesObject, _ planned: PlannedHook)
    async throws(OperationError) -> KubernetesObject
  {
    try await patience.during { () throws(OperationError) in
      let ready: [KubernetesObject]
      do throws(KubernetesError) {
        ready = try await pods(of: workload).filter {
          $0.deletionTimestamp == nil && ServiceStart.isReady($0, nil)
        }
      } catch {
        throw OperationError(
          error.isTransient ? .unavailable : .conflict, "listing the pods: \(error.message)",
          hint: error.hint)
      }
      let sorted = ready.sorted { $0.name < $1.name }
      if let same = sorted.first(where: { $0.name == planned.member.pod }) { return same }
      // Each pod of a StatefulSet has data of its own.
      let isAny = workload.kind != "StatefulSet"
      let near = sorted.first { $0["spec", "nodeName"]?.string == planned.member.node.text }
      guard isAny, let found = near ?? sorted.first else {
        throw OperationError(
          .unavailable,
          isAny
            ? "\(workload.kind) \(workload.name) has no pod that is ready"
            : "\(workload.kind) \(workload.name) has no pod \(planned.member.pod) that is ready")
      }
      return found
    }
  }

  private func pods(of workload: KubernetesObject) async throws(KubernetesError)
    -> [KubernetesObject]
  {
    guard workload.kind != "Pod" else { return [workload] }
    var owners: Set<String> = Set([workload.uid].compactMap(\.self))
    if workload.kind == "Deployment" {
      owners = Set(
        try await client.list(.replicaSets, in: workload.namespace).items.filter {
          $0.controller?.uid == workload.uid
        }.compactMap(\.uid))
    }
    return try await client.list(.pods, in: workload.namespace).items.filter { pod in
      pod.controller.map { owners.contains($0.uid) } ?? false
    }
  }
}
