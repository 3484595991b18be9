import CoordinatorCore
import Model
import Synchronization
import Testing

/// Keeps what is recorded, and refuses it as often as it is told to.
final class FakeStore: WorkloadStore {
  private struct State {
    var workloads: [String: Workload] = [:]
    var refusals = 0
  }

  private let state = Mutex(State())

  var workloads: [String: Workload] { state.withLock { $0.workloads } }

  func refuse(_ times: Int) { state.withLock { $0.refusals = times } }

  func record(_ workloads: [String: Workload]) async throws(CatalogError) {
    let isRefused = state.withLock { state in
      guard state.refusals == 0 else {
        state.refusals -= 1
        return true
      }
      state.workloads.merge(workloads) { $1 }
      return false
    }
    if isRefused { throw CatalogError(.full, "no room") }
  }

  /// Expects that these are soon the owners of all pods, by UID.
  func expect(
    _ expected: [String: String], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    var owners: [String: String] = [:]
    repeat {
      owners = state.withLock { $0.workloads.mapValues(\.owner) }
      if owners == expected { return }
      try await Task.sleep(for: .milliseconds(10))
    } while ContinuousClock.now < deadline
    #expect(owners == expected, sourceLocation: sourceLocation)
  }
}
