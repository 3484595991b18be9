package import Model

/// A machine's time: a monotonic clock that goes on while the machine sleeps, whose origin means nothing, and beside it
/// the wall clock, which may jump and decides nothing.
package protocol CutClock: Sendable {
  func now() -> Duration
  /// Returns at or after `deadline`, or throws when the task is cancelled.
  func sleep(until deadline: Duration) async throws
  /// The wall clock, for people to read.
  func timestamp() -> Timestamp
}

extension CutClock {
  package func timestamp() -> Timestamp { .now() }
}

/// The machine's own clock (`CLOCK_BOOTTIME`, which `ContinuousClock` reads on Linux).
package struct BootClock: CutClock {
  private let origin = ContinuousClock.now

  package init() {}

  package func now() -> Duration { origin.duration(to: .now) }

  package func sleep(until deadline: Duration) async throws {
    try await ContinuousClock().sleep(until: origin.advanced(by: deadline))
  }
}
