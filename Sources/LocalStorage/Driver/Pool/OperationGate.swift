internal import Synchronization

/// Keeps two calls from working on one object at a time; the later one is refused, never queued.
///
/// Several callers may share an object (snapshots of one volume), or one may have it alone.
package final class OperationGate: Sendable {
  private struct Uses {
    var sharing = 0
    var alone = false
  }

  private let uses = Mutex<[String: Uses]>([:])

  package init() {}

  /// Runs `body` while nobody else has `alone`, and nobody has any of `sharing` alone. Refuses with `aborted` otherwise.
  package func enter<Value>(
    alone: [String], sharing: [String] = [], _ body: () async throws -> Value
  ) async throws -> Value {
    try take(alone: alone, sharing: sharing)
    defer { release(alone: alone, sharing: sharing) }
    return try await body()
  }

  private func take(alone: [String], sharing: [String]) throws(StorageError) {
    let busy = uses.withLock { uses -> String? in
      if let taken = alone.first(where: { uses[$0] != nil }) { return taken }
      if let taken = sharing.first(where: { uses[$0]?.alone == true }) { return taken }
      for key in alone { uses[key] = Uses(alone: true) }
      for key in sharing { uses[key, default: Uses()].sharing += 1 }
      return nil
    }
    if let busy {
      throw StorageError(
        .aborted, "another call works on \(busy)", hint: "repeat the call with the same name")
    }
  }

  private func release(alone: [String], sharing: [String]) {
    uses.withLock { uses in
      for key in alone { uses[key] = nil }
      for key in sharing {
        uses[key]?.sharing -= 1
        if uses[key]?.sharing == 0 { uses[key] = nil }
      }
    }
  }
}
