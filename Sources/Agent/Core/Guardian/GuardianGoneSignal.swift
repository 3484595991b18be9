internal import Synchronization

/// Tells waiters that a guardian has gone; a death that nobody waited for is told to the next who asks.
final class GuardianGoneSignal: Sendable {
  private struct State {
    var untold = false
    var nextWaiter: UInt64 = 0
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  func fire() {
    let waiters = state.withLock { state in
      state.untold = state.waiters.isEmpty
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns at the next death, or at once after an untold one, or when the caller is cancelled.
  func wait() async {
    let number = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.untold || Task.isCancelled {
            state.untold = false
            return true
          }
          state.waiters[number] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
  }
}
