package import Model

/// The container runtime of this node.
///
/// Calls are idempotent and may be retried by the caller; an error means that the runtime could not be asked.
package protocol ContainerRuntime: Sendable {
  /// Every container that the runtime still knows, running or exited, pause containers left out.
  func containers() async throws -> [ObservedContainer]
  /// One container as it is now; nil when the runtime does not know it.
  func container(_ id: ContainerID) async throws -> ObservedContainer?
  /// Reports that something changed, from when the subscription is in force until it breaks.
  ///
  /// The first element arrives once the subscription is in force, so that a listing after it misses nothing.
  /// Finishes by throwing when the runtime goes away.
  func changes() -> AsyncThrowingStream<RuntimeChange, any Error>
}

/// A hint that a container changed; what it became is asked, never inferred.
package enum RuntimeChange: Hashable, Sendable {
  case subscribed
  case container(ContainerID)
}

/// A container as its runtime describes it.
package struct ObservedContainer: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    case created
    case running(pid: Int32)
    case exited(at: Timestamp, reason: EndReason)
  }

  package var id: ContainerID
  package var name: String
  package var pod: String
  package var podUID: String
  package var namespace: String
  package var image: String
  package var imageDigest: String
  /// The pod's labels, overlaid by the container's own.
  package var labels: [String: String]
  package var mounts: [ContainerMount]
  package var startedAt: Timestamp
  package var state: State

  package init(
    id: ContainerID, name: String, pod: String, podUID: String, namespace: String, image: String,
    imageDigest: String, labels: [String: String], mounts: [ContainerMount],
    startedAt: Timestamp, state: State
  ) {
    self.id = id
    self.name = name
    self.pod = pod
    self.podUID = podUID
    self.namespace = namespace
    self.image = image
    self.imageDigest = imageDigest
    self.labels = labels
    self.mounts = mounts
    self.startedAt = startedAt
    self.state = state
  }
}
