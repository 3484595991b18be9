/// What `withTimeout` throws when the time is over.
struct TimeoutExceeded: Error {}

/// The result of `work`, which is cancelled after `limit`. Waits for the cancelled work to end.
func withTimeout<Result: Sendable>(
  _ limit: Duration, _ clock: any Clock<Duration>,
  _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await clock.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let first = try await group.next(), let result = first else { throw TimeoutExceeded() }
    return result
  }
}
