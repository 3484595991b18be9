import ClusterTesting
import CoordinatorCore
import CutProtocol
import KubernetesClient
import Model
import Synchronization

/// Runs no commands, and says that they ended as a test wants it.
final class FakeHooks: HookExecutor {
  private struct State {
    var asked: [PodHook] = []
    var answers: [String: Result<HookResult, OperationError>] = [:]
    var onRun: (@Sendable (PodHook) async -> Void)?
  }

  private let state = Mutex(State())

  var asked: [PodHook] { state.withLock { $0.asked } }

  /// For the hook `service/number`; others exit with 0.
  func answer(_ hook: String, _ answer: Result<HookResult, OperationError>) {
    state.withLock { $0.answers[hook] = answer }
  }

  /// Is called while the command runs.
  func onRun(_ body: @escaping @Sendable (PodHook) async -> Void) {
    state.withLock { $0.onRun = body }
  }

  func run(_ hook: PodHook) async throws(OperationError) -> HookResult {
    let (answer, body) = state.withLock { state in
      state.asked.append(hook)
      return (state.answers["\(hook.service)/\(hook.number)"], state.onRun)
    }
    await body?(hook)
    guard !Task.isCancelled else { throw OperationError(.unavailable, "interrupted") }
    return try answer?.get() ?? HookResult(.exited(0), output: "")
  }
}

extension RestoreBench {
  /// The pods that a workload's replicas stand for, each ready; a Deployment's have a ReplicaSet between.
  func makePods(of workload: KubernetesObject, _ type: ResourceType) async {
    let count = workload["spec", "replicas"]?.int ?? 0
    var owner = workload
    if type == .deployments, count > 0 {
      let name = workload.name + "-5f6d"
      await put(child(.replicaSets, name, of: workload), as: .replicaSets)
      guard let set = await api.object(.replicaSets, name, in: workload.namespace) else { return }
      owner = set
    }
    for index in 0..<count {
      let name = type == .deployments ? "\(owner.name)-a\(index)" : "\(owner.name)-\(index)"
      var pod = child(.pods, name, of: owner)
      pod["spec"] = ["nodeName": .string(index == 0 ? "n" : "other")]
      pod["status"] = ["conditions": [["type": "Ready", "status": "True"]]]
      await put(pod, as: .pods)
    }
  }

  private func put(_ object: KubernetesObject, as type: ResourceType) async {
    guard await api.object(type, object.name, in: object.namespace) == nil else { return }
    await api.put(object, as: type)
  }

  private func child(_ type: ResourceType, _ name: String, of owner: KubernetesObject)
    -> KubernetesObject
  {
    var child = KubernetesObject(type, name: name, namespace: owner.namespace)
    child["metadata", "ownerReferences"] = [
      [
        "apiVersion": "apps/v1", "kind": .string(owner.kind), "name": .string(owner.name),
        "uid": .string(owner.uid ?? ""), "controller": true,
      ]
    ]
    return child
  }
}
