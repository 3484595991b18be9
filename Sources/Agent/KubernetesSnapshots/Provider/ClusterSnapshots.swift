internal import CutProtocol
package import KubernetesClient
internal import Lifecycle
package import Logging
internal import Model
internal import Synchronization

/// Snapshots of claims through the API of a Kubernetes cluster: VolumeSnapshot and VolumeGroupSnapshot.
package final class ClusterSnapshots: Sendable {
  /// A cut that prepare made ready.
  struct PreparedCut: Sendable {
    var snapshots: [PlannedSnapshot]
    var cap: Duration
    /// The snapshots that were created, to end what waits for them.
    var created: Set<String> = []
    var isOver = false
  }

  let client: KubernetesClient
  let cutClient: KubernetesClient
  let settings: ClusterSettings
  let board = SnapshotBoard()
  let watch: SnapshotWatch
  let logger: Logger
  let clock = ContinuousClock()
  private let crew: Crew

  struct State {
    var prepared: [SnapshotName: PreparedCut] = [:]
    var pace = ControllerPace()
    /// When the controller answered last.
    var answered: ContinuousClock.Instant?
    /// Names that were asked for without an answer: whether they come into being is not known yet.
    var unanswered: [String: ContinuousClock.Instant] = [:]
  }
  let state = Mutex(State())

  package init(
    client: KubernetesClient, settings: ClusterSettings = ClusterSettings(), logger: Logger
  ) {
    self.client = client.with(.usual)
    self.cutClient = client.with(.cut)
    self.settings = settings
    self.logger = logger
    crew = Crew()
    watch = SnapshotWatch(
      client.with(.cut), board: board, crew: crew, clock: clock, logger: logger)
  }

  /// Follows what is cut until the task is cancelled, or until `stop`. Cuts wait for it.
  package func run() async { await crew.work() }

  package func stop() { crew.close() }

  /// The members' volumes that a claim is bound to, and the others.
  func sorted(_ volumes: [MemberVolume]) async throws(Refusal) -> (
    claimed: [ClaimedVolume], others: [MemberVolume]
  ) {
    try await ClaimLookup(client: client).sorted(volumes)
  }

  /// Whether a cut of this name was prepared here.
  func isPrepared(_ name: SnapshotName) -> Bool { state.withLock { $0.prepared[name] != nil } }

  /// The volumes that a prepared cut takes.
  func volumes(of name: SnapshotName) -> Set<MemberVolume> {
    state.withLock { state in
      Set((state.prepared[name]?.snapshots ?? []).flatMap(\.claims).flatMap(\.members))
    }
  }
}
