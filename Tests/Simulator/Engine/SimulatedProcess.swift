/// One life of one program: its tasks, and the time that they see pass.
final class SimulatedProcess: @unchecked Sendable {
  enum State: Equatable { case running, stalled, dead, reaped }

  let name: String
  let timeline: Timeline
  private let executor: ProcessExecutor
  private(set) var state = State.running
  private var tasks: [Task<Void, Never>] = []
  private var stalls = 0

  init(_ name: String, timeline: Timeline, simulation: SimulationExecutor) {
    self.name = name
    self.timeline = timeline
    executor = ProcessExecutor(simulation)
  }

  var isAlive: Bool { state == .running || state == .stalled }
  var isRunning: Bool { state == .running }

  /// Starts a task of this process; nothing of it ever runs in a dead one.
  func spawn(_ work: @escaping @Sendable () async -> Void) {
    guard isAlive else { return }
    tasks.append(Task(executorPreference: executor) { await work() })
  }

  /// From now on nothing of it runs, not even what is ready: as SIGKILL.
  func kill() {
    guard isAlive else { return }
    state = .dead
    executor.isPaused = true
  }

  /// Nothing of it runs until it is continued as often as it was stopped.
  func stop() {
    guard isAlive else { return }
    stalls += 1
    state = .stalled
    executor.isPaused = true
  }

  func resume() {
    stalls -= 1
    guard state == .stalled, stalls == 0 else { return }
    state = .running
    executor.isPaused = false
  }

  /// After the run: lets what is left of it end, so that nothing of it stays in memory. Whatever it asks of the world
  /// fails at once.
  func reap() {
    state = .reaped
    for task in tasks { task.cancel() }
    tasks = []
    executor.isPaused = false
  }

  /// Suspends the calling task for this long; throws when it is cancelled.
  func pause(_ length: Duration) async throws(CancellationError) {
    guard state != .reaped else { throw CancellationError() }
    guard length > .zero else { return }
    let sleeper = Sleeper()
    timeline.after(length) { sleeper.wake() }
    await sleeper.sleep()
    if Task.isCancelled || state == .reaped { throw CancellationError() }
  }

  /// As `pause`, for callers that go on in either case.
  func rest(_ length: Duration) async {
    // A cancelled rest is only shorter.
    try? await pause(length)
  }
}

/// One suspended task; woken by the timeline or by its own cancellation.
final class Sleeper: @unchecked Sendable {
  private var waiting: UnsafeContinuation<Void, Never>?
  private var isAwake = false

  func sleep() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        if isAwake { continuation.resume() } else { waiting = continuation }
      }
    } onCancel: {
      wake()
    }
  }

  func wake() {
    isAwake = true
    waiting?.resume()
    waiting = nil
  }
}
