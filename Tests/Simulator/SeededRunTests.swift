import Foundation
import Testing

/// Whole fleets under faults. `STILLPOINT_SEED=N` runs one seed alone, `STILLPOINT_SEEDS=N` that many.
@Suite struct SeededRunTests {
  private static let environment = ProcessInfo.processInfo.environment

  private static var seeds: [UInt64] {
    if let text = environment["STILLPOINT_SEED"], let seed = UInt64(text) { return [seed] }
    let count = environment["STILLPOINT_SEEDS"].flatMap(UInt64.init) ?? 600
    return Array(1...max(1, count))
  }

  @Test func `no property breaks in any seeded run, and every branch is reached`() throws {
    var census = Census()
    var steps = 0
    var broken = 0
    for seed in Self.seeds {
      let run = try Run(seed: seed)
      census.add(run.census)
      steps += run.steps
      guard !run.violations.isEmpty else { continue }
      broken += 1
      Issue.record(
        """
        seed \(seed) breaks \(run.violations.prefix(3).map(\.description).joined(separator: "; "))
        run it alone with: STILLPOINT_SEED=\(seed) swift test --filter SeededRunTests
        """)
      if broken >= 5 { break }
    }
    print("simulated \(Self.seeds.count) runs, \(steps) events\n\(census.report)")
    guard Self.seeds.count > 1 else { return }
    #expect(census.missing(Reached.wanted) == [])
  }

  @Test func `the same seed gives the same run`() throws {
    for seed in [UInt64(3), 17, 42] {
      let first = try Run(seed: seed)
      let second = try Run(seed: seed)
      #expect(first.census.counts == second.census.counts)
      #expect(first.steps == second.steps)
      #expect(first.ended == second.ended)
    }
  }
}
