internal import CoordinatorKubernetes
internal import CutProtocol
internal import Logging

/// A term that lasts for as long as the lease does: keeps the lease beside it, and ends it when the lease is lost.
///
/// At that moment the term is as good as dead: no order goes out, nothing is decided in the catalog. What is left is to stop
/// what still runs, which has a bound. Safety does not rest on it: a paused process may learn of its loss late, and then
/// agents and catalog refuse its epoch.
struct LeasedTerm {
  /// How long the services may take to stop in their order; what still runs then is cancelled.
  static let patience = Duration.seconds(4)
  /// How long all of it may take; then the process ends. The kubelet or systemd starts it again.
  static let bound = Duration.seconds(10)

  let lease: CoordinatorLease
  let status: RoleStatus
  let logger: Logger

  private enum Event: Sendable {
    /// The lease was not lost before the term ended.
    case kept
    case lost
    case served
  }

  /// Runs `serve` until it ends by itself or the lease is lost; returns, or throws what it throws, once nothing of it runs
  /// any more.
  func run(_ serve: @escaping @Sendable (TermLoss) async throws -> Void) async throws {
    let loss = TermLoss()
    let deadline = StepDownDeadline(bound: Self.bound, logger: logger)
    defer { deadline.met() }
    let clock = BootClock()
    try await withThrowingTaskGroup(of: Event.self) { group in
      // Also while the catalog is opened, which may take longer than the lease.
      group.addTask {
        guard let reason = await lease.hold() else { return .kept }
        status.enter(.steppingDown)
        logger.error(
          "coordinator steps down: it is not the active one any more",
          metadata: ["reason": "\(reason)"])
        deadline.begin()
        loss.lose()
        // Cut short when everything has stopped.
        try? await clock.sleep(until: clock.now() + Self.patience)
        return .lost
      }
      group.addTask {
        try await serve(loss)
        return .served
      }
      while let event = try await group.next() {
        if event != .kept { group.cancelAll() }
      }
    }
    if loss.isLost { logger.notice("coordinator stepped down") }
  }
}
