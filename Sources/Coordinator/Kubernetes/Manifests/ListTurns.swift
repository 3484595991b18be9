internal import CutProtocol
internal import Synchronization

/// Turns at asking for a page of a list, which all backups share, given in the order of asking.
final class ListTurns: Sendable {
  private struct State {
    var free: Int
    var waiting: [(number: Int, turn: AsyncStream<Void>.Continuation)] = []
    var next = 0
  }

  private let state: Mutex<State>

  init(_ count: Int) { state = Mutex(State(free: count)) }

  /// Runs `body` when it is its turn; nil when that was not within `limit`, or the task was cancelled before.
  func during<Result>(
    within limit: Duration, _ clock: any CutClock, _ body: () async -> Result
  ) async -> Result? {
    guard await take(until: clock.now() + limit, clock) else { return nil }
    defer { giveBack() }
    return await body()
  }

  private func take(until deadline: Duration, _ clock: any CutClock) async -> Bool {
    let (turn, entry) = AsyncStream.makeStream(of: Void.self)
    let number = state.withLock { state -> Int? in
      guard state.free == 0 else {
        state.free -= 1
        return nil
      }
      state.next += 1
      state.waiting.append((state.next, entry))
      return state.next
    }
    guard let number else { return true }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for await _ in turn {} }
      // A cancelled sleep ends the wait as well.
      group.addTask { try? await clock.sleep(until: deadline) }
      await group.next()
      group.cancelAll()
    }
    // Whoever waits no longer was given its turn, if only in the moment in which it gave up.
    return state.withLock { state in
      guard let place = state.waiting.firstIndex(where: { $0.number == number }) else {
        return true
      }
      state.waiting.remove(at: place)
      return false
    }
  }

  private func giveBack() {
    let next = state.withLock { state -> AsyncStream<Void>.Continuation? in
      guard !state.waiting.isEmpty else {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst().turn
    }
    next?.finish()
  }
}
