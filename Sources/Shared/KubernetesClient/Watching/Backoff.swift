/// How long to wait before the next try: longer after each failure, and never the same for two clients.
struct Backoff: Sendable {
  let first: Duration
  let longest: Duration
  private var failures = 0

  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  /// The wait after one more failure. `random` lies in 0..<1 and gives between half the wait and all of it.
  mutating func next(random: Double) -> Duration {
    let factor = Double(1 << min(failures, 16))
    failures += 1
    return min(first * factor, longest) * (0.5 + random / 2)
  }

  /// After a success.
  mutating func reset() { failures = 0 }
}
