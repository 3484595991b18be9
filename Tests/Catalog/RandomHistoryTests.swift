import Catalog
import CoordinatorCore
import Foundation
import Model
import SeededRandom
import Testing

extension SplitMix64 {
  fileprivate mutating func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }
}

/// One node's agent: makes records, right ones and odd ones, and delivers them badly.
private struct RandomAgent {
  let node: NodeID
  var journal = 1
  var records: [PlacementRecord] = []
  /// Seconds.
  var clock: Int64 = 10

  var name: String { "journal-\(journal)" }

  mutating func record(_ random: inout SplitMix64) {
    // Sometimes the clock stands still, sometimes it goes back.
    clock += Int64(random.oneOf([0, 1, 2, 5, 40, -3]))
    let container = "c\(random.number(1...6))"
    var placement = Sample.placement(
      container, of: random.oneOf([Sample.orders, Sample.payments]), on: node,
      pid: Int32(random.number(1...9)))
    placement.podUID = random.oneOf(["", "u1", "u2", "u3"])
    placement.namespace = random.oneOf(["shop", "stage"])
    placement.labels[Workload.templateHash] = random.oneOf([nil, "7d4b9c"])
    let change: PlacementChange
    if records.isEmpty {
      change = .unseen(since: Timestamp(nanoseconds: 0))
    } else {
      let reasons: [EndReason] = [.exited(code: 0), .removed, .vanished, .rebooted]
      change = random.oneOf([
        .started(placement), .started(placement), .updated(placement),
        .ended(ContainerID(accepted: container), random.oneOf(reasons)),
        .ended(ContainerID(accepted: container), random.oneOf(reasons)),
        .unseen(since: time(clock - Int64(random.number(0...30)))),
      ])
    }
    records.append(
      PlacementRecord(
        sequence: UInt64(records.count + 1), time: time(clock), change: change))
  }
}

struct `Random histories` {
  @Test func `the catalog answers as a naive model does, however badly records are delivered`()
    async throws
  {
    for seed in 1...25 as ClosedRange<UInt64> {
      do {
        try await withCatalog { try await compare(seed: seed, $0) }
      } catch {
        Issue.record("seed \(seed): \(error)")
      }
    }
  }

  private static let owners = [
    "Deployment/orders", "ReplicaSet/orders-7d4b9c", "StatefulSet/db", "Node/node-1", "Pod/x",
    "odd",
    "Odd/Na me",
  ]

  private func compare(seed: UInt64, _ catalog: Catalog) async throws {
    var random = SplitMix64(seed: seed)
    try await catalog.prepared()
    var model = NaiveHistory(nodes: [Sample.node, Sample.other])
    var agents = [RandomAgent(node: Sample.node), RandomAgent(node: Sample.other)]
    for _ in 0..<120 {
      if random.number(0...9) == 0 {
        let told = [
          random.oneOf(["u1", "u2", "u3", "u4"]): Workload(owner: random.oneOf(Self.owners))
        ]
        try await catalog.record(told)
        model.workloads.merge(told) { $1 }
      }
      let index = random.number(0...1)
      for _ in 0..<random.number(0...3) { agents[index].record(&random) }
      let agent = agents[index]
      switch random.number(0...9) {
      case 0...6: try await deliver(agent, &model, catalog, &random, seed)
      case 7:
        let through = time(agent.clock)
        let end = UInt64(agent.records.count)
        try await catalog.seen(
          agent.node,
          observed: JournalObservation(through: through, journal: agent.name, end: end),
          at: through)
        // Whatever is not delivered yet is not known.
        if model.applied(agent.name, of: agent.node) == end, end > 0 {
          model.observedThrough[agent.node] = max(
            model.observedThrough[agent.node] ?? through, through)
        }
      case 8 where model.observedThrough[agent.node] != nil && agent.records.count > 8:
        // The journal is lost with whatever was not delivered.
        agents[index].journal += 1
        agents[index].records = []
      default: break
      }
    }
    try await check(model, catalog, &random, seed)
  }

  /// Delivers some records from somewhere before the newest applied one, at times with a hole.
  private func deliver(
    _ agent: RandomAgent, _ model: inout NaiveHistory, _ catalog: Catalog,
    _ random: inout SplitMix64, _ seed: UInt64
  ) async throws {
    let applied = Int(model.applied(agent.name, of: agent.node))
    let first = max(0, applied - random.number(0...3))
    let last = min(agent.records.count, applied + random.number(0...5))
    guard first < last else { return }
    var delivery = Array(agent.records[first..<last])
    if random.number(0...4) == 0, last > applied + 1 {
      delivery.remove(at: applied - first)
      let error = await failure {
        _ = try await catalog.apply(delivery, journal: agent.name, of: agent.node)
      }
      #expect(error?.code == .conflict, "seed \(seed)")
      return
    }
    model.apply(delivery, journal: agent.name, of: agent.node)
    let newest = try await catalog.apply(delivery, journal: agent.name, of: agent.node)
    #expect(newest == model.applied(agent.name, of: agent.node), "seed \(seed)")
  }

  private func check(
    _ model: NaiveHistory, _ catalog: Catalog, _ random: inout SplitMix64, _ seed: UInt64
  ) async throws {
    #expect(model.overlaps == 0, "seed \(seed)")
    #expect(try await Set(catalog.running(on: nil)) == Set(model.running), "seed \(seed)")
    let services = model.services
    #expect(try await catalog.services().map(\.id) == services, "seed \(seed)")
    for service in services {
      let history = try await catalog.history(of: service, limit: .max)
      let expected = model.intervals.filter { $0.placement.serviceID == service }
      #expect(history.count == expected.count && Set(history) == Set(expected), "seed \(seed)")
      #expect(history.map(\.from) == history.map(\.from).sorted(by: >), "seed \(seed)")
    }
    for _ in 0..<60 {
      let moment = time(Int64(random.number(-5...1200)))
      for service in [nil] + services {
        let answer = try await catalog.whereabouts(of: service, at: moment)
        let found = model.found(of: service, at: moment)
        #expect(
          answer.found.count == found.count && Set(answer.found) == Set(found),
          "seed \(seed), \(service?.description ?? "all") at \(moment)")
        #expect(
          Set(answer.unknown) == Set(model.unknown(at: moment)),
          "seed \(seed), unknown at \(moment)")
      }
    }
  }
}
