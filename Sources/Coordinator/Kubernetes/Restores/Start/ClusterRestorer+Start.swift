internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model

extension ClusterRestorer {
  /// What is started and run, service by service; `foreign` are objects that stay as they are and are none of the restore's.
  func starts(
    _ job: ObjectRestoreJob, _ items: [RestoreItem], _ foreign: Set<String>,
    _ rights: inout RightsCheck
  ) async throws(OperationError) -> [ObjectAction] {
    var actions: [ObjectAction] = []
    for step in ServiceOrder(job, items).steps {
      for workload in step.workloads where workload.stage == .workloads && job.order.start {
        actions.append(
          ObjectAction(
            stage: RestoreStage.start.name, verb: .start, resource: "\(workload.type)",
            namespace: workload.key.namespace, name: workload.key.name,
            note: "\(workload.replicas ?? 0) replicas"
              + (step.service.map { ", service \($0)" } ?? ", of no service of the plan")
              + (workload.member?.ground == .podName ? " by its pod's name" : "")))
      }
      for hook in step.hooks {
        let isForeign = hook.workload.map { foreign.contains($0.action(.create).object) } ?? false
        switch hook.verdict(job.order, isForeign: isForeign) {
        case .leaveOut(let reason): actions.append(hook.action(.skip, "not run: \(reason)"))
        case .refuse(let reason): actions.append(hook.action(.refuse, reason))
        case .run:
          actions.append(hook.action(.run, hook.summary))
          for type in [ResourceType.pods, .replicaSets] {
            let asked = RestoreItem(
              stage: .start, type: type,
              object: KubernetesObject(type, name: "", namespace: hook.namespace))
            if let lacking = try await rights.lacks("list", asked) {
              actions.append(hook.action(.refuse, lacking))
            }
          }
        }
      }
    }
    return actions
  }

  /// Starts everything and runs the hooks between the services; returns how many objects it wrote.
  func start(
    _ job: ObjectRestoreJob, _ items: [RestoreItem], _ verbs: [String: ObjectAction.Verb],
    phase: (String) async -> Void, hookEnded: (HookOutcome) async -> Void
  ) async throws(OperationError) -> Int {
    let starting = ServiceStart(client: client, job: job, patience: patience)
    let hooks = HookStage(
      client: client, executor: self.hooks, job: job, patience: patience, logger: logger)
    var written = 0
    for step in ServiceOrder(job, items).steps {
      await phase("starting \(step.service ?? "what belongs to no service")")
      for item in step.workloads where item.stage == .start && job.order.start {
        try await write(item, job, verbs[item.action(.create).object])
        written += 1
      }
      if job.order.start { try await starting.start(step.workloads, of: step.service) }
      for hook in step.hooks where job.order.hooks ?? .plan == .plan {
        await phase("running \(hook.title)")
        guard let outcome = try await hooks.run(hook) else { continue }
        await hookEnded(outcome)
        try hooks.requireSuccess(outcome, hook)
      }
    }
    return written
  }
}
