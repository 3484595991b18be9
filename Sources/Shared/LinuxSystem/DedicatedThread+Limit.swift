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

/// A continuation that several threads want to resume; the first does.
private final class ResumedOnce<T: Sendable>: Sendable {
  private let continuation: Mutex<CheckedContinuation<T?, Never>?>

  init(_ continuation: CheckedContinuation<T?, Never>) {
    self.continuation = Mutex(continuation)
  }

  func resume(_ value: T?) {
    let waiting = continuation.withLock { waiting in
      defer { waiting = nil }
      return waiting
    }
    waiting?.resume(returning: value)
  }
}

/// Lets the calling thread, a dedicated one, rest.
package func pause(_ length: Duration) {
  _ = poll(nil, 0, max(0, length.milliseconds))
}
