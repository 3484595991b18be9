import Foundation
import Synchronization
import Testing

/// Whole fleets under faults. `STILLPOINT_SEED=N` runs one seed alone, `STILLPOINT_FAULTS="…"` with exactly these
/// faults, `STILLPOINT_SEEDS=N` that many seeds.
@Suite struct SeededRunTests {
  private static let environment = ProcessInfo.processInfo.environment

  private static var seeds: [UInt64] {
    if let text = environment["STILLPOINT_SEED"], let seed = UInt64(text) { return [seed] }
    let count = environment["STILLPOINT_SEEDS"].flatMap(UInt64.init) ?? 2000
    return Array(1...max(1, count))
  }

  private static var only: Set<Run.Strike>? {
    environment["STILLPOINT_FAULTS"].map { Set($0.split(separator: " ").compactMap { .init($0) }) }
  }

  @Test func `no property breaks in any seeded run, and every branch is reached`() throws {
    let seeds = Self.seeds
    let began = ContinuousClock.now
    let result = try Campaign.run(seeds, only: Self.only, threads: 2)
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    print(
      """
      simulated \(seeds.count) runs in \(Int(seconds)) s (\(Int(Double(seeds.count) / seconds)) a second), \
      \(result.steps) steps, \(result.census.counts.count) branches
      \(result.census.report)
      """)
    for run in result.failed.prefix(5) { try Issue.record("\(Self.report(run))") }
    guard seeds.count >= 1000, result.failed.isEmpty else { return }
    #expect(result.census.missing(Reached.wanted) == [])
  }

  /// What breaks, by which few faults, and how to see it again.
  private static func report(_ run: Run) throws -> String {
    let property = run.violations.first?.property
    var shrinker = Shrinker { strikes in
      try Run(seed: run.seed, only: strikes).violations.contains { $0.property == property }
    }
    let few = try shrinker.shrink(run.struck).map(\.description).joined(separator: " ")
    return """
      seed \(run.seed) breaks \(run.violations.prefix(3).map(\.description).joined(separator: "; "))
      all its faults: STILLPOINT_SEED=\(run.seed) swift test --filter SeededRunTests
      few of them: STILLPOINT_SEED=\(run.seed) STILLPOINT_FAULTS="\(few)" STILLPOINT_TRACE=1 swift test --filter SeededRunTests
      """
  }

  @Test func `the same seed gives the same run`() throws {
    for seed in [UInt64(3), 17, 42, 99] {
      let first = try Run(seed: seed)
      let second = try Run(seed: seed)
      #expect(first.census.counts == second.census.counts)
      #expect(first.struck == second.struck)
      #expect(first.steps == second.steps)
      #expect(first.ended == second.ended)
    }
  }

  @Test func `the faults that a run met bring the same run about again`() throws {
    for seed in [UInt64(5), 23] {
      let drawn = try Run(seed: seed)
      let named = try Run(seed: seed, only: Set(drawn.struck))
      #expect(named.struck == drawn.struck)
      #expect(named.census.counts == drawn.census.counts)
    }
  }

  @Test func `a failing run is shrunk to the faults that it needs`() throws {
    let needed: Set<Run.Strike> = [.init(.agentCrash, 0), .init(.messageLost, 7)]
    let all = (0..<40).map { Run.Strike(.messageLost, $0) } + [.init(.agentCrash, 0)]
    var shrinker = Shrinker { needed.isSubset(of: $0) }
    #expect(Set(try shrinker.shrink(all)) == needed)
  }
}
