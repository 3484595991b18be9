internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model

/// One command that the backup's plan has for a restore, and the workload whose pods it is meant for.
struct PlannedHook {
  enum Verdict: Equatable {
    case run
    case leaveOut(String)
    /// Nothing at all is restored: it could not be run, and is not to be forgotten.
    case refuse(String)
  }

  var member: MemberPlan
  /// Counts the member's hooks from 1.
  var number: Int
  var hook: RestoreHook
  /// Nil where the backup has none.
  var workload: RestoreItem?
  /// Where its service's pods are restored to.
  var namespace: String

  static func all(of member: MemberPlan, _ job: ObjectRestoreJob, _ workloads: [RestoreItem])
    -> [PlannedHook]
  {
    (member.afterRestore ?? []).enumerated().map { index, hook in
      PlannedHook(
        member: member, number: index + 1, hook: hook,
        workload: workloads.first { $0.members.contains { $0.member.name == member.name } },
        namespace: job.order.target(of: member.namespace))
    }
  }

  /// The container's name within the pod.
  var container: String { hook.container ?? member.containerName }
  var title: String { HookOutcome.title(number, of: member.name) }

  /// What becomes of it; `isForeign` says that its workload was there before and is none of the restore's.
  func verdict(_ order: ObjectRestoreOrder, isForeign: Bool) -> Verdict {
    guard order.hooks ?? .plan == .plan else { return .leaveOut("the restore is to run no hooks") }
    guard order.start else { return .leaveOut("nothing is started") }
    guard let workload else {
      return .refuse(
        "the backup has no workload that made pod \(member.pod) of \(member.name)" + Self.way)
    }
    guard !isForeign else {
      return .leaveOut(
        "\(workload.type) \(workload.key.name) was there before, and stays as it is")
    }
    guard workload.replicas != 0 else {
      return .refuse(
        "\(workload.type) \(workload.key.name) has no replicas in the backup" + Self.way)
    }
    let containers = Self.containers(workload.object)
    guard containers.contains(container) else {
      return .refuse(
        "\(workload.type) \(workload.key.name) has no container \(container) (it has: "
          + containers.joined(separator: ", ") + ")" + Self.way)
    }
    return .run
  }

  private static let way = "; restore without hooks if it is not needed"

  func action(_ verb: ObjectAction.Verb, _ note: String) -> ObjectAction {
    ObjectAction(
      stage: RestoreStage.start.name, verb: verb, resource: "hook", namespace: namespace,
      name: "\(member.name)/\(number)", note: note)
  }

  /// What it does, without its arguments: whoever reads a restore may not be meant to read them.
  var summary: String {
    let count = hook.command.count - 1
    let arguments = count == 0 ? "" : count == 1 ? " with 1 argument" : " with \(count) arguments"
    let failure =
      switch hook.onFailure {
      case .fail: "a failure ends the restore"
      case .continue: "the restore goes on after a failure"
      }
    return "runs \(hook.command.first ?? "")\(arguments) in container \(container), for "
      + "\(hook.timeout.duration.planText) at most; \(failure)"
  }

  /// Those that run beside each other, side containers among them.
  private static func containers(_ workload: KubernetesObject) -> [String] {
    let spec: [String] = workload.kind == "Pod" ? ["spec"] : ["spec", "template", "spec"]
    let lasting = (workload[path: spec + ["initContainers"]]?.array ?? []).filter {
      $0["restartPolicy"] == "Always"
    }
    return ((workload[path: spec + ["containers"]]?.array ?? []) + lasting).compactMap {
      $0["name"]?.string
    }
  }
}
