internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// A thread of its own for an actor that waits for the disk.
///
/// Swift's shared pool has one thread for each core. An actor that sits in a flush on one of them while a disk stalls
/// would delay everything else on the node, the end of a hold included.
package final class BlockingThread: SerialExecutor {
  private let queue: Queue

  package init() {
    let queue = Queue()
    self.queue = queue
    // The thread owns the queue, never this object: its end is this object's `deinit`.
    let failure = failureStartingThread(stackBytes: 8 << 20) { queue.run() }
    precondition(failure == 0, "no thread can be started: error \(failure)")
  }

  deinit { queue.finish() }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // Holds on to this object: a job may let go of the last actor that does.
    queue.add { [self] in job.runSynchronously(on: asUnownedSerialExecutor()) }
  }
}

/// Work for one thread.
private final class Queue: Sendable {
  private struct State {
    var waiting: [@Sendable () -> Void] = []
    var isFinished = false
  }

  private let state = Mutex(State())
  /// Counts what was added, so that the thread sleeps when there is nothing. A semaphore needs an address of its own; it
  /// is made for use by several threads, and the pointer never changes.
  nonisolated(unsafe) private let signal: UnsafeMutablePointer<sem_t>

  init() {
    signal = .allocate(capacity: 1)
    sem_init(signal, 0, 0)
  }

  deinit {
    sem_destroy(signal)
    signal.deallocate()
  }

  func add(_ work: @escaping @Sendable () -> Void) {
    state.withLock { $0.waiting.append(work) }
    sem_post(signal)
  }

  func finish() {
    state.withLock { $0.isFinished = true }
    sem_post(signal)
  }

  func run() {
    while true {
      while sem_wait(signal) != 0 && errno == EINTR {}
      let (work, isFinished) = state.withLock { state in
        defer { state.waiting.removeAll(keepingCapacity: true) }
        return (state.waiting, state.isFinished)
      }
      for job in work { job() }
      if isFinished && work.isEmpty { return }
    }
  }
}
