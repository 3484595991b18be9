internal import Model

/// Does the work, or fails once it has taken longer than `limit`: nothing here may hang.
func within<Value: Sendable>(
  _ limit: Duration, _ what: String, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(for: limit)
      return nil
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() ?? nil else {
      throw BenchError("\(what) took longer than \(limit.shortText)")
    }
    return value
  }
}
