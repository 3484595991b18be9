/// How long to wait before the next attempt: doubling from `first` to `longest`, each time somewhere between half
/// of it and all of it, so that agents that lost one coordinator together do not return together.
struct Backoff: Sendable {
  var first: Duration
  var longest: Duration
  private var failures = 0

  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  mutating func reset() { failures = 0 }

  mutating func next() -> Duration {
    let full = min(first * (1 << min(failures, 20)), longest)
    failures += 1
    return Self.spread(full)
  }

  static func spread(_ full: Duration) -> Duration { full * Double.random(in: 0.5...1) }
}
