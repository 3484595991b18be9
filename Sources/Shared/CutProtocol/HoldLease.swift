/// How long a member may stay held: until the lease runs out, and never beyond the cap.
///
/// Times are on the agent's monotonic clock.
package struct HoldLease: Hashable, Sendable {
  package let begunAt: Duration
  package let cap: Duration
  package private(set) var deadline: Duration

  package init(at now: Duration, lease: Duration, cap: Duration) {
    self.begunAt = now
    self.cap = min(cap, .seconds(60))
    self.deadline = min(now + lease, begunAt + self.cap)
  }

  /// Sets the lease anew from now; shortens nothing, and extends nothing beyond the cap.
  package mutating func renew(at now: Duration, lease: Duration) {
    deadline = max(deadline, min(now + lease, begunAt + cap))
  }

  /// Why the hold has to end now; nil before the deadline.
  package func ended(at now: Duration) -> ThawCause? {
    guard now >= deadline else { return nil }
    return now >= begunAt + cap ? .capReached : .leaseExpired
  }
}
