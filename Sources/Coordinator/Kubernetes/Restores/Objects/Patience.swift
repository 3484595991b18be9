internal import CoordinatorCore
internal import CutProtocol

/// Does something again while the API server is away, for a bounded time.
struct Patience: Sendable {
  var clock: any CutClock = BootClock()
  var limit = Duration.seconds(120)
  var pause = Duration.milliseconds(500)

  /// Throws what `work` threw last, once that is final or the time is over. `work` has to find what it did before.
  func during<Value>(_ work: () async throws(OperationError) -> Value) async throws(OperationError)
    -> Value
  {
    let deadline = clock.now() + limit
    while true {
      do throws(OperationError) {
        return try await work()
      } catch {
        guard error.code == .unavailable, clock.now() < deadline else { throw error }
      }
      do {
        try await clock.sleep(until: clock.now() + pause)
      } catch {
        throw OperationError(.unavailable, "the restore was interrupted")
      }
    }
  }
}
