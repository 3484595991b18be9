internal import CutProtocol
internal import DemoFleet
internal import Model

/// Takes the same cuts in every order over the real fleet, again and again.
struct RealMeasurement: Sendable {
  let fleet: BenchFleet
  let runs: Int
  /// In each run and order.
  let cuts: Int
  /// No further round begins after this; what was taken until then counts.
  let limit: Duration
  let screen: Screen

  /// One cut with everything around it.
  private static let patience = Duration.seconds(90)

  func measure(_ count: Int) async throws -> SizeSamples {
    let members = Array(fleet.members.prefix(count))
    let plan = BenchPlan(members: members)
    try await fleet.apply(plan)
    var nodes: [String: BaselineNode] = [:]
    for host in fleet.fleet.nodes { nodes[host.name] = try BaselineNode(host) }
    let baselines = Baselines(nodes: nodes, clock: BootClock())
    let known = Array(nodes.values)
    return try await withThrowingTaskGroup(of: SizeSamples?.self) { group in
      for node in known {
        group.addTask {
          try await node.run()
          return nil
        }
      }
      group.addTask { try await rounds(plan, members, baselines) }
      defer { group.cancelAll() }
      while let samples = try await group.next() {
        if let samples { return samples }
      }
      throw CancellationError()
    }
  }

  private func rounds(_ plan: BenchPlan, _ members: [BenchMember], _ baselines: Baselines)
    async throws -> SizeSamples
  {
    var samples = SizeSamples(members: members.count, mix: BenchMember.words(members))
    let deadline = ContinuousClock.now + limit
    var number: UInt64 = 0
    // The first round warms caches and sessions of every order; it does not count.
    _ = try await round(plan, baselines, &number)
    for run in 1...runs {
      var taken = SizeSamples.Run()
      for cut in 1...cuts where ContinuousClock.now < deadline {
        let round = try await round(plan, baselines, &number)
        for (order, times) in round.times { taken.cuts[order, default: []].append(times) }
        taken.phases += round.phases
        let longest = Order.allCases.compactMap { order in
          round.times[order].map { "\(order.title) \($0.affected.shortText)" }
        }.joined(separator: ", ")
        screen.line("  \(members.count) members, run \(run), cut \(cut): affected \(longest)")
      }
      if !taken.cuts.isEmpty { samples.runs.append(taken) }
    }
    return samples
  }

  private struct Round: Sendable {
    var times: [Order: CutTimesTaken] = [:]
    var phases: [HoldPhases] = []
  }

  /// One cut in each order, beginning with Stillpoint's, whose plan the others follow.
  private func round(_ plan: BenchPlan, _ baselines: Baselines, _ number: inout UInt64)
    async throws -> Round
  {
    var round = Round()
    let shell = fleet.shell
    let own = try await within(Self.patience, "a backup of \(plan.name)") {
      try await StillpointCut.take(plan.name, with: shell)
    }
    round.times[.stillpoint] = own.times
    round.phases = own.statements.map(HoldPhases.init)
    for order in [Order.oneByOne, .barrier] {
      number += 1
      let (cutPlan, number) = (own.plan, number)
      round.times[order] = try await within(Self.patience, "a cut \(order.title)") {
        try await baselines.take(order, of: cutPlan, number: number)
      }
    }
    return round
  }
}
