internal import CutProtocol
internal import Model

/// Takes cuts of simulated fleets.
struct SimulatedMeasurement: Sendable {
  let runs: Int
  let cuts: Int
  let probe: RoundTripProbe
  let screen: Screen

  func measure(_ count: Int) throws -> SizeSamples {
    let costs = try MessageCosts(members: count, each: probe.each)
    let plan = try Self.plan(count)
    var samples = SizeSamples(members: count, mix: "simulated")
    var failed = 0
    for run in 0..<runs {
      var taken = SizeSamples.Run()
      for cut in 0..<cuts {
        try Task.checkCancellation()
        let seed = UInt64(run * cuts + cut + 1)
        var fleet = SimulatedFleet(plan, costs: costs, seed: seed)
        guard let own = fleet.run() else {
          failed += 1
          continue
        }
        let others = SimulatedBaselines(parts: fleet.parts, small: costs.small)
        taken.cuts[.stillpoint, default: []].append(own)
        taken.cuts[.oneByOne, default: []].append(others.oneByOne(seed: seed))
        taken.cuts[.barrier, default: []].append(others.barrier(seed: seed))
      }
      samples.runs.append(taken)
    }
    screen.line(
      "  \(count) simulated members: \(runs * cuts) cuts, \(failed) failed; WITNESS takes the coordinator "
        + "\(costs.witness.shortText), the agent \(costs.witnessRead.shortText), other messages \(costs.small.shortText)"
    )
    guard failed == 0 else {
      throw BenchError("\(failed) cuts of \(count) simulated members failed")
    }
    return samples
  }

  private static func plan(_ count: Int) throws -> SealedPlan {
    let members = try (0..<count).map { number in
      MemberPlan(
        name: try ServiceName("member-\(number)"), node: try NodeID("node-\(number)"),
        container: try ContainerID("container-\(number)"), containerName: "member",
        pod: "pod-\(number)", namespace: "bench", image: "image", imageDigest: "sha256:0",
        holds: [.filesystem], volumes: [], dependsOn: [], group: 0, level: 0)
    }.sorted { $0.name < $1.name }
    return try SealedPlan(
      CutPlan(
        backup: try BackupID("simulated"), fleet: try FleetID("bench"),
        plan: try PlanName("simulated"), environment: .test, requires: .applicationConsistent,
        policy: .strict, freeze: FreezeLimits(budget: .seconds(20), cap: .seconds(30)),
        createdAt: Timestamp(nanoseconds: 0), members: members))
  }
}
