/// One machine's monotonic clock: its own origin, and up to ten per cent fast or slow.
struct DriftingClock {
  /// Local time that passes in a thousand units of true time.
  var permille: Int
  var origin: Duration

  func local(_ time: Duration) -> Duration { origin + time * permille / 1000 }

  /// True time until the clock shows `deadline`; a microsecond more, so that rounding never wakes too early.
  func wait(until deadline: Duration, at time: Duration) -> Duration {
    max(.zero, (deadline - local(time)) * 1000 / permille + .microseconds(1))
  }
}
