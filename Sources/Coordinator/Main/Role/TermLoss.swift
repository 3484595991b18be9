internal import ServiceLifecycle
internal import Synchronization

/// The moment at which a term is lost, for everybody whom it concerns.
final class TermLoss: Sendable {
  private enum State {
    /// With what is to be done at that moment. Leads to `lost`.
    case held([@Sendable () -> Void])
    case lost
  }

  private let state = Mutex(State.held([]))
  private let lost: AsyncStream<Never>
  private let entry: AsyncStream<Never>.Continuation

  init() { (lost, entry) = AsyncStream.makeStream() }

  var isLost: Bool {
    state.withLock { if case .lost = $0 { true } else { false } }
  }

  /// Has `action` done when the term is lost, after those that came before; now, if it is lost already. It must not wait.
  func atOnce(_ action: @escaping @Sendable () -> Void) {
    let isLost = state.withLock { state in
      guard case .held(let actions) = state else { return true }
      state = .held(actions + [action])
      return false
    }
    if isLost { action() }
  }

  func lose() {
    let actions = state.withLock { state -> [@Sendable () -> Void] in
      guard case .held(let actions) = state else { return [] }
      state = .lost
      return actions
    }
    for action in actions { action() }
    entry.finish()
  }

  /// Returns when the term is lost, or the task cancelled. For one caller.
  func wait() async { for await _ in lost {} }
}

/// Ends when the term is lost, and with it, in their order, the services beside it.
struct LossWatch: Service {
  let loss: TermLoss

  func run() async throws {
    await cancelWhenGracefulShutdown { await loss.wait() }
  }
}
