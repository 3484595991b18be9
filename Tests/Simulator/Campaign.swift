import Foundation
import Synchronization

/// Many seeded runs over a few threads; each run is a world of its own.
enum Campaign {
  struct Result {
    var census = Census()
    var steps = 0
    var failed: [Run] = []
  }

  /// Stops early once several runs have failed.
  static func run(_ seeds: [UInt64], only: Set<Run.Strike>? = nil, threads: Int) throws -> Result {
    let state = Mutex((next: 0, result: Result(), error: (any Error)?.none))
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        let seed = state.withLock { state -> UInt64? in
          guard state.next < seeds.count, state.result.failed.count < 5, state.error == nil else {
            return nil
          }
          state.next += 1
          return seeds[state.next - 1]
        }
        guard let seed else { return }
        do {
          let run = try Run(seed: seed, only: only)
          state.withLock { state in
            state.result.census.add(run.census)
            state.result.steps += run.steps
            if !run.violations.isEmpty { state.result.failed.append(run) }
          }
        } catch {
          state.withLock { $0.error = error }
        }
      }
    }
    return try state.withLock { state in
      if let error = state.error { throw error }
      state.result.failed.sort { $0.seed < $1.seed }
      return state.result
    }
  }
}
