package import Model

/// The container runtime of this node.
///
/// Calls are idempotent and may be retried by the caller; an error means that the runtime could not be asked.
/// Every call but `watch` has a deadline of its own.
package protocol ContainerRuntime: Sendable {
  /// Every container that the runtime still knows, running or exited, pause containers left out.
  func containers() async throws -> [ObservedContainer]
  /// One container as it is now; nil when the runtime does not know it.
  func container(_ id: ContainerID) async throws -> ObservedContainer?
  /// Returns when the runtime answers at all; cheap enough to be called every few seconds.
  func ping() async throws
  /// Reports that something changed, until the task is cancelled.
  ///
  /// `report` is called one change at a time. Throws when the runtime goes away; returns only after
  /// `RuntimeChange.unsupported`.
  func watch(_ report: @escaping @Sendable (RuntimeChange) async -> Void) async throws
}

/// A hint that a container changed; what it became is asked, never inferred.
package enum RuntimeChange: Hashable, Sendable {
  /// The subscription is in force: a listing from now on, together with what is reported, misses nothing.
  case subscribed
  case container(ContainerID)
  /// Something changed, and which container is not known.
  case anything
  /// This runtime has no events: only listing tells. The last thing that is reported.
  case unsupported
}

/// A container as its runtime describes it.
package struct ObservedContainer: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    case created
    case running(pid: Int32)
    case exited(at: Timestamp, reason: EndReason)
    /// The runtime does not know, or what it says cannot be read; nothing may be concluded from it.
    case unknown(why: String)
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
  /// When it was started; 1970 when it never was.
  package var startedAt: Timestamp
  package var state: State
  /// What did not fit within `RecordBudget`; nil when everything is here.
  package var omitted: Omission?

  package init(
    id: ContainerID, name: String, pod: String, podUID: String, namespace: String, image: String,
    imageDigest: String, labels: [String: String], mounts: [ContainerMount],
    startedAt: Timestamp, state: State, omitted: Omission? = nil
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
    self.omitted = omitted
  }
}
