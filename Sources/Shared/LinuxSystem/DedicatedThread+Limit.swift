internal import Glibc
internal import Synchronization

/// Runs blocking work on a thread of its own and waits for it at most this long; nil when it takes longer.
///
/// The work goes on after the limit, and its result is dropped.
package func onDedicatedThread<T: Sendable>(
  limit: Duration, _ work: @escaping @Sendable () -> T
) async -> T? {
  await withCheckedContinuation { continuation in
    let once = ResumedOnce(continuation)
    startThread { once.resume(work()) }
    startThread {
      _ = poll(nil, 0, max(0, limit.milliseconds))
      once.resume(nil)
    }
  }
}

/// Runs blocking work on a thread of its own, and waits for it until the task is cancelled, or for as long as `limit`
/// says; nil when it was not waited for.
///
/// Not for work whose end somebody relies on: it goes on after that, and its result is dropped.
package func onAbandonedThread<T: Sendable>(
  limit: Duration? = nil, _ work: @escaping @Sendable () -> T
) async -> T? {
  let once = ResumedOnce<T>()
  return await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      let isWaitedFor = once.hold(continuation)
      // Begun in any case: whoever counts what is under way can rely on it.
      startThread { once.resume(work()) }
      guard isWaitedFor else { return continuation.resume(returning: nil) }
      guard let limit else { return }
      startThread {
        once.rest(limit)
        once.resume(nil)
      }
    }
  } onCancel: {
    once.resume(nil)
  }
}

/// A continuation that several threads want to resume; the first does.
private final class ResumedOnce<T: Sendable>: Sendable {
  private enum State {
    /// Leads to `waiting` and, when the task was cancelled before, to `resumed`.
    case new
    /// Leads to `resumed`.
    case waiting(CheckedContinuation<T?, Never>)
    case resumed
  }

  /// How often a thread that measures a limit looks whether it is still needed.
  private static var interval: Duration { .milliseconds(200) }

  private let state: Mutex<State>

  init() { state = Mutex(.new) }

  init(_ continuation: CheckedContinuation<T?, Never>) { state = Mutex(.waiting(continuation)) }

  /// False when it was resumed before there was anybody to resume.
  func hold(_ continuation: CheckedContinuation<T?, Never>) -> Bool {
    state.withLock { state in
      guard case .new = state else { return false }
      state = .waiting(continuation)
      return true
    }
  }

  func resume(_ value: T?) {
    let waiting = state.withLock { state -> CheckedContinuation<T?, Never>? in
      defer { state = .resumed }
      guard case .waiting(let continuation) = state else { return nil }
      return continuation
    }
    waiting?.resume(returning: value)
  }

  /// Lets the calling thread rest for this long, or until it was resumed.
  func rest(_ length: Duration) {
    var left = length
    while left > .zero, !isResumed {
      let step = min(left, Self.interval)
      pause(step)
      left -= step
    }
  }

  private var isResumed: Bool {
    state.withLock { if case .resumed = $0 { true } else { false } }
  }
}

/// Lets the calling thread, a dedicated one, rest.
package func pause(_ length: Duration) {
  _ = poll(nil, 0, max(0, length.milliseconds))
}
