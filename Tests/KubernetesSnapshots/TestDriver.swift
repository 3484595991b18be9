import Synchronization

/// Storage of a test cluster: cuts when it is let, remembers what it has.
final class TestDriver: Sendable {
  struct Cut: Sendable {
    var id: String
    var volume: String
    var group: String?
  }

  private struct State {
    var cuts: [String: [Cut]] = [:]
    var failures = 0
    var isHalted = false
    var counter = 0
  }

  private let state = Mutex(State())

  struct Failure: Error {
    var message: String
  }

  /// Fails the next so many calls.
  func fail(_ times: Int) { state.withLock { $0.failures = times } }
  /// Leaves calls unanswered until `resume`.
  func halt() { state.withLock { $0.isHalted = true } }
  func resume() { state.withLock { $0.isHalted = false } }
  var isHalted: Bool { state.withLock { $0.isHalted } }

  /// The IDs of all snapshots that there are.
  var existing: [String] { state.withLock { $0.cuts.values.flatMap { $0 }.map(\.id).sorted() } }

  func cut(_ name: String, _ volumes: [String], grouped: Bool) throws -> [Cut] {
    try state.withLock { state in
      if state.failures > 0 {
        state.failures -= 1
        throw Failure(
          message: "rpc error: code = Internal desc = the archive changed while it was read")
      }
      if let made = state.cuts[name] { return made }
      state.counter += 1
      let group = grouped ? "group-\(state.counter)" : nil
      let made = volumes.enumerated().map { index, volume in
        Cut(id: "snap-\(state.counter)-\(index)", volume: volume, group: group)
      }
      state.cuts[name] = made
      return made
    }
  }

  func delete(_ name: String) { state.withLock { _ = $0.cuts.removeValue(forKey: name) } }
}
