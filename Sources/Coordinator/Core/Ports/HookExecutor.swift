package import CutProtocol
package import Model

/// Runs the commands of restores in pods that run.
package protocol HookExecutor: Sendable {
  /// Returns how the command ended, good or bad; throws when it could not be run, or nobody can tell how it ended.
  ///
  /// It is run at least once: after the loss of an agent it is run again.
  func run(_ hook: PodHook) async throws(OperationError) -> HookResult
}

/// A restore's command and the one container that it is meant for.
package struct PodHook: Hashable, Sendable {
  package var restore: RestoreID
  package var backup: BackupID
  package var service: ServiceName
  /// Counts the service's hooks from 1.
  package var number: Int
  package var hook: RestoreHook
  package var namespace: String
  package var pod: String
  /// As the API server has it, which is what the node's runtime knows.
  package var podUID: String
  /// The cluster's name for the pod's node, which is usually ours too.
  package var node: String
  /// The container's name within the pod.
  package var container: String

  package init(
    restore: RestoreID, backup: BackupID, service: ServiceName, number: Int, hook: RestoreHook,
    namespace: String, pod: String, podUID: String, node: String, container: String
  ) {
    self.restore = restore
    self.backup = backup
    self.service = service
    self.number = number
    self.hook = hook
    self.namespace = namespace
    self.pod = pod
    self.podUID = podUID
    self.node = node
    self.container = container
  }

  /// For messages.
  package var title: String { HookOutcome.title(number, of: service) }
}
