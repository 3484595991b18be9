import CutProtocol
import Model

/// A machine's clocks as its processes see them: the monotonic one drifts, the wall clock jumps.
final class MachineTime: @unchecked Sendable {
  let drift: DriftingClock
  /// By how much the wall clock is wrong.
  var jump = Duration.zero
  private let timeline: Timeline

  init(_ drift: DriftingClock, timeline: Timeline) {
    self.drift = drift
    self.timeline = timeline
  }

  var now: Duration { drift.local(timeline.now) }

  var wall: Timestamp {
    let milliseconds = Int64((timeline.now + jump) / .milliseconds(1))
    return Timestamp(nanoseconds: (1_780_000_000_000 + milliseconds) * 1_000_000)
  }
}

/// The production clock port over virtual time.
struct SimulatedClock: CutClock {
  let machine: MachineTime
  let process: SimulatedProcess

  func now() -> Duration { machine.now }

  func sleep(until deadline: Duration) async throws {
    let length = machine.drift.wait(until: deadline, at: process.timeline.now)
    try await process.pause(deadline <= machine.now ? .zero : length)
    try Task.checkCancellation()
  }

  func timestamp() -> Timestamp { machine.wall }
}
