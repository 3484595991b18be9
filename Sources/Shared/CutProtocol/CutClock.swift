/// A monotonic clock that goes on while the machine sleeps; its origin means nothing.
package protocol CutClock: Sendable {
  func now() -> Duration
  /// Returns at or after `deadline`, or throws when the task is cancelled.
  func sleep(until deadline: Duration) async throws
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
