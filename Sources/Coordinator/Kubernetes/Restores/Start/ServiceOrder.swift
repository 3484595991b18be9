internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model

/// Workloads in the order in which they are started: the plan's services, dependencies first, then what belongs to none.
struct ServiceOrder {
  struct Step {
    /// Nil for what belongs to no service of the plan.
    var service: String?
    var workloads: [RestoreItem]
    /// What is run once they are ready. Its workload may have been started with an earlier service.
    var hooks: [PlannedHook]
  }

  let steps: [Step]

  init(_ job: ObjectRestoreJob, _ items: [RestoreItem]) {
    let workloads = items.filter {
      ($0.stage == .workloads || $0.stage == .start) && !$0.isLeftOut
    }
    let services: [MemberPlan?] = job.services.map(\.self) + [nil]
    steps = services.map { member in
      Step(
        service: member?.name.text,
        workloads: workloads.filter { $0.service == member?.name.text },
        hooks: member.map { PlannedHook.all(of: $0, job, workloads) } ?? [])
    }.filter { !$0.workloads.isEmpty || !$0.hooks.isEmpty }
  }
}
