/// Waits until `probe` answers, and fails when it has not by `limit`.
///
/// - Parameter what: completes the sentence "… did not happen"; names the object.
/// - Throws: ``DemoError`` after `limit`; `CancellationError`; whatever `probe` throws.
package func eventually<Answer>(
  _ what: @autoclosure () -> String, within limit: Duration,
  every pause: Duration = .milliseconds(50), log: String? = nil,
  _ probe: () async throws -> Answer?
) async throws -> Answer {
  let clock = ContinuousClock()
  let deadline = clock.now + limit
  while true {
    if let answer = try await probe() { return answer }
    guard clock.now < deadline else {
      throw DemoError("\(what()) did not happen within \(limit)", log: log)
    }
    try await clock.sleep(for: pause)
  }
}

/// Waits until `condition` holds, and fails as ``eventually(_:within:every:log:_:)`` does.
package func waitUntil(
  _ what: @autoclosure () -> String, within limit: Duration,
  every pause: Duration = .milliseconds(50), log: String? = nil,
  _ condition: () async throws -> Bool
) async throws {
  try await eventually(what(), within: limit, every: pause, log: log) { () -> Void? in
    try await condition() ? () : nil
  }
}
