/// How often discovery looks, and how long it waits.
package struct DiscoverySettings: Hashable, Sendable {
  /// A full listing at least this often, whatever the events say.
  package var reconcile: Duration
  /// The runtime is asked whether it still answers this often; the bound on how much too long a gap may be.
  package var pulse: Duration
  /// The least time from one round of questions to the next; events in between are answered together.
  package var spacing: Duration
  /// How long after an event its container is asked about once more; see `Echoes`.
  package var settling: Duration
  /// How long after it happened a change may show in the runtime's events and answers. Nobody is told that a moment was
  /// observed before it is this long past.
  package var lag: Duration
  /// How long a subscription may take until it is in force.
  package var subscription: Duration
  /// How long to wait after the runtime went away, doubled each time up to `longestRetry`.
  package var retry: Duration
  package var longestRetry: Duration

  package init(
    reconcile: Duration = .seconds(30), pulse: Duration = .seconds(5),
    spacing: Duration = .milliseconds(25), settling: Duration = .milliseconds(100),
    lag: Duration = .seconds(1), subscription: Duration = .seconds(10),
    retry: Duration = .milliseconds(250), longestRetry: Duration = .seconds(10)
  ) {
    self.reconcile = reconcile
    self.pulse = pulse
    self.spacing = spacing
    self.settling = settling
    self.lag = lag
    self.subscription = subscription
    self.retry = retry
    self.longestRetry = longestRetry
  }
}
