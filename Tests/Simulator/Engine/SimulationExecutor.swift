import SeededRandom

/// Runs the tasks of a whole fleet on the one thread that calls `runNext`: of all jobs that are ready a seeded generator
/// picks the next, so that every order of them can happen and each happens again with the same seed.
///
/// Unchecked, because nothing else than that one thread ever comes here: no part of a simulated fleet starts a thread.
final class SimulationExecutor: @unchecked Sendable {
  private var ready: [(job: UnownedJob, process: ProcessExecutor)] = []
  private var random: SplitMix64
  private(set) var jobs = 0

  init(random: SplitMix64) { self.random = random }

  fileprivate func add(_ job: UnownedJob, of process: ProcessExecutor) {
    ready.append((job, process))
  }

  /// Runs one job; false when none is ready.
  func runNext() -> Bool {
    guard !ready.isEmpty else { return false }
    let index = ready.count == 1 ? 0 : random.below(ready.count)
    ready.swapAt(index, ready.count - 1)
    let (job, process) = ready.removeLast()
    process.run(job)
    jobs += 1
    return true
  }
}

/// The tasks of one life of one simulated process. While it is paused, as by SIGSTOP or by its death, they wait.
final class ProcessExecutor: TaskExecutor, SerialExecutor, @unchecked Sendable {
  private let simulation: SimulationExecutor
  private var parked: [UnownedJob] = []

  var isPaused = false {
    didSet {
      guard !isPaused else { return }
      let waiting = parked
      parked = []
      for job in waiting { simulation.add(job, of: self) }
    }
  }

  init(_ simulation: SimulationExecutor) { self.simulation = simulation }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isPaused { parked.append(job) } else { simulation.add(job, of: self) }
  }

  /// A job that became ready before the pause began is paused as well.
  fileprivate func run(_ job: UnownedJob) {
    guard !isPaused else { return parked.append(job) }
    job.runSynchronously(
      isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
  }
}
