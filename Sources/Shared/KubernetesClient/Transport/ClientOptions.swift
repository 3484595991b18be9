/// How much a client asks of an API server, and how much it takes from it.
package struct ClientOptions: Sendable {
  /// What one priority may ask.
  package struct Allowance: Hashable, Sendable {
    package var perSecond: Double
    package var burst: Int
    /// Connections that are open at once.
    package var connections: Int

    package init(perSecond: Double, burst: Int, connections: Int) {
      self.perSecond = perSecond
      self.burst = burst
      self.connections = connections
    }
  }

  /// Far above what one cut asks for: a bound against our own mistakes, not a limit to plan with.
  package var cut = Allowance(perSecond: 200, burst: 400, connections: 8)
  package var usual = Allowance(perSecond: 50, burst: 100, connections: 8)
  /// Enough at once for sixty kinds in ten namespaces; what is asked for together, the connections bound.
  package var capture = Allowance(perSecond: 100, burst: 600, connections: 8)
  package var inventory = Allowance(perSecond: 10, burst: 20, connections: 2)
  /// Watches that are open at once, each on a connection of its own.
  package var watches = 64

  /// One object, or a refusal.
  package var largestObject = 16 << 20
  /// One page of a list.
  package var largestPage = 128 << 20
  /// Objects of a page.
  package var pageSize = 500
  /// One event of a watch.
  package var largestEvent = 16 << 20

  /// How a watch is kept alive.
  package struct WatchTimes: Hashable, Sendable {
    /// The server is asked to end a watch after this, and it is opened anew.
    package var renewal: Duration
    /// A connection that carries nothing for longer, not even the end that was asked for, is dead.
    package var longestSilence: Duration
    package var firstRetry: Duration
    package var longestRetry: Duration

    package init(
      renewal: Duration, longestSilence: Duration, firstRetry: Duration, longestRetry: Duration
    ) {
      self.renewal = renewal
      self.longestSilence = longestSilence
      self.firstRetry = firstRetry
      self.longestRetry = longestRetry
    }
  }

  /// The server ends a watch before its silence could be taken for a dead connection: where nothing happens, bookmarks come
  /// only if etcd tells the server of its progress.
  package var usualWatch = WatchTimes(
    renewal: .seconds(150), longestSilence: .seconds(190), firstRetry: .milliseconds(500),
    longestRetry: .seconds(30))
  /// Something is held meanwhile: a dead connection is found within seconds.
  package var cutWatch = WatchTimes(
    renewal: .seconds(5), longestSilence: .seconds(8), firstRetry: .milliseconds(50),
    longestRetry: .seconds(1))

  package var connectTimeout = Duration.seconds(5)
  /// Sent as the user agent, and as the manager of the fields that are written.
  package var fieldManager = "stillpoint"
  package var clock: any Clock<Duration> = ContinuousClock()

  package init() {}

  func watchTimes(_ priority: RequestPriority) -> WatchTimes {
    priority == .cut ? cutWatch : usualWatch
  }

  func allowance(_ priority: RequestPriority) -> Allowance {
    switch priority {
    case .cut: cut
    case .usual: usual
    case .capture: capture
    case .inventory: inventory
    }
  }
}
