internal import Synchronization

/// Ends one backup's cut on an operator's order, wherever it is.
final class CutCancellation: Sendable {
  private struct State {
    var reason: String?
    var isOver = false
    var watchers: [AsyncStream<Never>.Continuation] = []
  }

  private let state = Mutex(State())

  /// Why it was asked for; nil as long as nobody has.
  var reason: String? { state.withLock { $0.reason } }

  /// The first reason stays. False once it is over.
  func request(_ reason: String) -> Bool {
    let watchers: [AsyncStream<Never>.Continuation]? = state.withLock { state in
      guard !state.isOver else { return nil }
      state.reason = state.reason ?? reason
      defer { state.watchers = [] }
      return state.watchers
    }
    for watcher in watchers ?? [] { watcher.finish() }
    return watchers != nil
  }

  /// Takes no further request, since it is decided how the cut ends. Answers why it was to end, if anybody has asked for that.
  @discardableResult
  func close() -> String? {
    state.withLock { state in
      state.isOver = true
      return state.reason
    }
  }

  private func requested() -> AsyncStream<Never> {
    let (stream, entry) = AsyncStream.makeStream(of: Never.self)
    let isRequested = state.withLock { state in
      if state.reason == nil { state.watchers.append(entry) }
      return state.reason != nil
    }
    if isRequested { entry.finish() }
    return stream
  }

  /// Runs `work`, which is cancelled as soon as this is asked for, and returns what it makes of that.
  func cancelling<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
    let requested = requested()
    return await withTaskGroup(of: Value?.self) { tasks in
      tasks.addTask { await work() }
      tasks.addTask {
        for await _ in requested {}
        return nil
      }
      while let ended = await tasks.next() {
        // Whichever came first, the other is not needed any more.
        tasks.cancelAll()
        if let value = ended { return value }
      }
      preconditionFailure("the work is one of the two tasks, and has a value")
    }
  }
}
