/// How many requests may be made: `burst` at once, and `perSecond` from then on.
///
/// Whoever asks is told how long to wait, in the order of asking; so a debt is a queue.
struct TokenBucket: Sendable {
  let perSecond: Double
  let burst: Double
  private var tokens: Double
  private var updated: Duration

  init(perSecond: Double, burst: Int, at now: Duration) {
    precondition(perSecond > 0 && burst > 0, "a bucket of \(perSecond)/s and \(burst) never fills")
    self.perSecond = perSecond
    self.burst = Double(burst)
    tokens = Double(burst)
    updated = now
  }

  /// Takes one token and returns how long to wait until it is there; nil, and nothing taken, when that is longer than
  /// `limit`.
  mutating func take(at now: Duration, within limit: Duration) -> Duration? {
    refill(at: now)
    let missing = max(0, 1 - tokens)
    let wait = Duration.seconds(missing / perSecond)
    guard wait <= limit else { return nil }
    tokens -= 1
    return wait
  }

  /// Gives back a token that was not used.
  mutating func giveBack() { tokens = min(burst, tokens + 1) }

  private mutating func refill(at now: Duration) {
    guard now > updated else { return }
    let elapsed = (now - updated) / .seconds(1)
    tokens = min(burst, tokens + elapsed * perSecond)
    updated = now
  }
}
