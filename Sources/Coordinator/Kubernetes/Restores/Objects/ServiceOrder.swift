internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model

/// Workloads in the order in which they are started: the plan's services, dependencies first, then what belongs to none.
struct ServiceOrder {
  let steps: [(service: String?, workloads: [RestoreItem])]

  init(_ job: ObjectRestoreJob, _ items: [RestoreItem]) {
    let workloads = items.filter {
      ($0.stage == .workloads || $0.stage == .start) && !$0.isLeftOut
    }
    let names: [String?] = job.services.map(\.name.text) + [nil]
    steps = names.map { name in (name, workloads.filter { $0.service == name }) }
      .filter { !$0.1.isEmpty }
  }
}
