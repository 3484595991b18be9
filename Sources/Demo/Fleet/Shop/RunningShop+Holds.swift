// Holds, as the checkout feels them.
extension RunningShop {
  /// Waits until an operation of the checkout has been waiting so long that a store must be held.
  package nonisolated func waitUntilHeld(log: String) async throws {
    let begin = MonotonicTime.now
    try await waitUntil(
      "a hold that the checkout feels", within: .seconds(30), every: .milliseconds(20), log: log
    ) {
      let felt = try felt(from: begin)
      return Shop.Store.allCases.contains {
        (felt[$0]?.currentStall ?? .zero) > .milliseconds(300)
      }
    }
  }

  /// Waits until the shop has gone on for a second, and answers what was felt since `begin`.
  package nonisolated func recovery(
    after begin: MonotonicTime, within limit: Duration, log: String
  ) async throws -> CheckoutReport {
    try await waitUntil(
      "the next completed order", within: limit, every: .milliseconds(20), log: log
    ) {
      try felt(from: begin).completed > 0
    }
    // Long enough that whatever is still held shows.
    try await Task.sleep(for: .seconds(1))
    return try felt(from: begin)
  }
}
