package import Logging
package import Model
internal import Synchronization

/// Watches the container runtime of this node and writes what ran when into the journal.
///
/// Runs on a thread of its own, since journals wait for disks; `view` never waits for it. When the runtime cannot be
/// asked, or the journal cannot be written, the time until both work again becomes a gap in the records: nothing is
/// guessed.
package actor Discovery {
  /// Work that events and timers have asked for and the next round does.
  struct Pending {
    var listing = false
    var pulse = false
    var containers: Set<ContainerID> = []

    /// More changed containers than this are asked for by one listing.
    static let mostContainers = 16

    var isEmpty: Bool { !listing && !pulse && containers.isEmpty }

    mutating func ask(_ ids: Set<ContainerID>) {
      containers.formUnion(ids)
      guard containers.count > Self.mostContainers else { return }
      listing = true
      containers = []
    }
  }

  /// What does not work, by the part that it concerns.
  struct Troubles {
    var runtime: String?
    var events: String?
    var storage: String?
    var containers: [String] = []

    /// As many containers are named when the runtime says things of them that cannot be read.
    static let mostContainers = 5

    var all: [String] { [runtime, events, storage].compactMap(\.self) + containers }
  }

  let runtime: any ContainerRuntime
  let settings: DiscoverySettings
  let clock: any Clock<Duration>
  let now: @Sendable () -> Timestamp
  let logger: Logger
  let thread: BlockingThread
  let boot: String
  nonisolated let shared: Mutex<Shared>

  var journal: PlacementJournal
  var tracker: PlacementTracker
  var pending = Pending()
  var echoes = Echoes()
  var troubles = Troubles()
  /// How long it has been since the last listing, in pulses.
  var sinceListing: Duration = .zero
  /// Whether the runtime answered since it was last found gone.
  var isConnected = false
  /// Whether this runtime reports changes by itself.
  var hasEvents = true
  /// Whether the last listing was the first since nobody watched.
  var needsSecondLook = false
  var signal: AsyncStream<Void>.Continuation?
  var echoSignal: AsyncStream<Void>.Continuation?

  /// - Parameters:
  ///   - boot: the node's boot ID, `/proc/sys/kernel/random/boot_id`.
  ///   - now: the node's wall clock.
  package init(
    node: NodeID, runtime: any ContainerRuntime, journal: sending PlacementJournal, boot: String,
    settings: DiscoverySettings = DiscoverySettings(),
    clock: any Clock<Duration> = ContinuousClock(),
    now: @escaping @Sendable () -> Timestamp = { Timestamp.now() }, logger: Logger
  ) {
    precondition(journal.node == node, "journal of \(journal.node), node \(node)")
    self.runtime = runtime
    self.settings = settings
    self.clock = clock
    self.now = now
    self.logger = logger
    self.boot = boot
    self.thread = BlockingThread()
    let tracker = PlacementTracker(
      node: node, knowledge: journal.knowledge, observedThrough: journal.observedThrough)
    let view = DiscoveryView(
      journal: journal.id, journalEnd: journal.end,
      placements: Self.sorted(tracker.knowledge.running), observedThrough: nil, observation: nil,
      troubles: ["the container runtime has not been asked yet"])
    self.shared = Mutex(Shared(view: view))
    self.journal = journal
    self.tracker = tracker
    self.troubles.runtime = view.troubles.first
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    thread.asUnownedSerialExecutor()
  }

  /// What is known at this moment. Never waits.
  package nonisolated var view: DiscoveryView { shared.withLock { $0.view } }

  /// What runs on this node as far as is known; `observedThrough` tells how fresh that is.
  package nonisolated func current() -> [Placement] { view.placements }

  /// Everything up to here was observed and is in the journal; nil while that cannot be done.
  package nonisolated var observedThrough: Timestamp? { view.observedThrough }

  /// Lists at the next opportunity, as an event would.
  package func lookNow() {
    pending.listing = true
    signal?.yield()
  }

  /// Works until the task is cancelled.
  package func run() async {
    noteBoot()
    var wait = settings.retry
    while !Task.isCancelled {
      isConnected = false
      do {
        try await watch()
      } catch {
        if Task.isCancelled { break }
        lost(error)
      }
      if isConnected { wait = settings.retry }
      do { try await clock.sleep(for: wait) } catch { break }
      wait = min(wait * 2, settings.longestRetry)
    }
    noteObserved()
  }

  static func sorted(_ running: [ContainerID: Placement]) -> [Placement] {
    running.values.sorted { ($0.service, $0.container) < ($1.service, $1.container) }
  }
}
