import Catalog
import CoordinatorCore
import Foundation
import Model
import Testing

/// Records 1, 2, 3 … of these changes.
private func records(_ changes: [(Int64, PlacementChange)], from first: UInt64 = 1)
  -> [PlacementRecord]
{
  changes.enumerated().map { offset, change in
    PlacementRecord(sequence: first + UInt64(offset), time: time(change.0), change: change.1)
  }
}

private func container(_ name: String) -> ContainerID { ContainerID(accepted: name) }

private func gap(_ node: NodeID, _ from: Timestamp, _ to: Timestamp?) -> Whereabouts.Gap {
  Whereabouts.Gap(node: node, from: from, to: to)
}

private let beginning = Timestamp(nanoseconds: 0)

/// Node 1 enrolled at 0, nothing else in the fleet.
private func withNode(_ body: (Catalog) async throws -> Void) async throws {
  try await withCatalog { catalog in
    try await catalog.enrolled(Sample.node, publicKeyHash: Sample.key, at: time(0))
    try await body(catalog)
  }
}

struct `Placements in the catalog` {
  @Test func `an interval is kept from its start to its end and why it ended`() async throws {
    try await withNode { (catalog: Catalog) async throws in
      let began = Sample.placement("a")
      let updated = Sample.placement("a", pid: 43)
      let applied = try await catalog.apply(
        records([
          (1, .started(began)), (2, .updated(updated)),
          (5, .ended(container("a"), .exited(code: 3))),
          (6, .started(Sample.placement("b"))),
        ]), journal: "j", of: Sample.node)
      #expect(applied == 4)
      let first = PlacementInterval(
        placement: updated, from: time(1), to: time(5), ended: .exited(code: 3))
      let second = PlacementInterval(
        placement: Sample.placement("b"), from: time(6), to: nil, ended: nil)
      #expect(try await catalog.history(of: Sample.orders, limit: 9) == [second, first])
      #expect(try await catalog.history(of: Sample.orders, limit: 1) == [second])
      let known = KnownService(id: Sample.service(Sample.orders), newest: second)
      #expect(try await catalog.services() == [known])
      #expect(try await catalog.running(on: Sample.node) == [Sample.placement("b")])
      #expect(try await catalog.running(on: Sample.other) == [])
      try await catalog.seen(Sample.node, observed: observation(10, end: 4), at: time(10))
      for (moment, found) in [
        (0, []), (1, [first]), (4, [first]), (5, []), (6, [second]), (10, [second]),
      ] as [(Int64, [PlacementInterval])] {
        #expect(
          try await catalog.whereabouts(of: Sample.orders, at: time(moment))
            == Whereabouts(found: found, unknown: []), "at \(moment)")
      }
    }
  }

  @Test func `records are applied once, whatever is delivered again`() async throws {
    try await withNode { (catalog: Catalog) async throws in
      let all = records([
        (1, .started(Sample.placement("a"))), (2, .started(Sample.placement("b"))),
        (3, .ended(container("a"), .removed)), (4, .started(Sample.placement("c"))),
      ])
      #expect(try await catalog.apply(Array(all[0..<2]), journal: "j", of: Sample.node) == 2)
      #expect(try await catalog.apply(Array(all[0..<3]), journal: "j", of: Sample.node) == 3)
      #expect(try await catalog.apply(Array(all[0..<1]), journal: "j", of: Sample.node) == 3)
      #expect(try await catalog.apply([], journal: "j", of: Sample.node) == 3)
      #expect(
        try await catalog.apply([all[3], all[3], all[2]], journal: "j", of: Sample.node) == 4)
      #expect(try await catalog.applied(journal: "j", of: Sample.node) == 4)
      #expect(try await catalog.applied(journal: "other", of: Sample.node) == 0)
      #expect(try await catalog.history(of: Sample.orders, limit: 9).count == 3)
    }
  }

  @Test func `a hole is a conflict and nothing of the delivery is kept`() async throws {
    try await withNode { (catalog: Catalog) async throws in
      let all = records([
        (1, .started(Sample.placement("a"))), (2, .started(Sample.placement("b"))),
        (3, .started(Sample.placement("c"))),
      ])
      for delivery in [[all[1]], [all[0], all[2]], [all[0], all[2], all[1]]] {
        let error = await failure {
          _ = try await catalog.apply(delivery, journal: "j", of: Sample.node)
        }
        #expect(error?.code == .conflict)
      }
      #expect(try await catalog.running(on: nil) == [])
      #expect(try await catalog.applied(journal: "j", of: Sample.node) == 0)
    }
  }

  @Test func `a node speaks of itself only`() async throws {
    try await withNode { (catalog: Catalog) async throws in
      let foreign = records([(1, .started(Sample.placement("a", on: Sample.other)))])
      await expectFailure("a record of node node-1 speaks of node node-2") {
        _ = try await catalog.apply(foreign, journal: "j", of: Sample.node)
      }
    }
  }

  @Test func `nothing is known before the first watch and after the last observation`()
    async throws
  {
    try await withNode { (catalog: Catalog) async throws in
      func unknown(_ moment: Int64) async throws -> [Whereabouts.Gap] {
        try await catalog.whereabouts(of: Sample.orders, at: time(moment)).unknown
      }
      #expect(try await unknown(5) == [gap(Sample.node, beginning, nil)])
      let open = PlacementInterval(
        placement: Sample.placement("a"), from: time(-50), to: nil, ended: nil)
      _ = try await catalog.apply(
        records([(3, .unseen(since: beginning)), (-50, .started(Sample.placement("a")))]),
        journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: observation(20, end: 2), at: time(21))
      #expect(try await unknown(2) == [gap(Sample.node, beginning, time(3))])
      #expect(try await unknown(3) == [])
      #expect(try await unknown(20) == [])
      // Presumed to run on, and said so.
      #expect(
        try await catalog.whereabouts(of: Sample.orders, at: time(21))
          == Whereabouts(found: [open], unknown: [gap(Sample.node, time(20), nil)]))
      // Its own start proves that it ran before the watch; what else did is not known.
      #expect(
        try await catalog.whereabouts(of: Sample.orders, at: time(-10))
          == Whereabouts(found: [open], unknown: [gap(Sample.node, beginning, time(3))]))
    }
  }

  @Test func `a heartbeat makes nothing known whose records are still under way`() async throws {
    try await withNode { (catalog: Catalog) async throws in
      func unknown(_ moment: Int64) async throws -> [Whereabouts.Gap] {
        try await catalog.whereabouts(of: nil, at: time(moment)).unknown
      }
      let all = records([
        (1, .unseen(since: beginning)), (2, .started(Sample.placement("a"))),
        (30, .ended(container("a"), .exited(code: 0))), (35, .started(Sample.placement("b"))),
      ])
      _ = try await catalog.apply(Array(all[..<2]), journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: observation(10, end: 2), at: time(10))
      // Back after an outage: the agent has seen all, the coordinator has not.
      let heartbeat = observation(40, end: 4)
      try await catalog.seen(Sample.node, observed: heartbeat, at: time(40))
      #expect(try await unknown(10) == [])
      #expect(try await unknown(32) == [gap(Sample.node, time(10), nil)])
      _ = try await catalog.apply([all[2]], journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: heartbeat, at: time(41))
      #expect(try await unknown(36) == [gap(Sample.node, time(10), nil)])
      _ = try await catalog.apply([all[3]], journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: heartbeat, at: time(42))
      #expect(try await unknown(32) == [])
      #expect(try await unknown(40) == [])
      #expect(try await unknown(41) == [gap(Sample.node, time(40), nil)])
    }
  }

  @Test func `a node's clock that is ahead does not make the future known`() async throws {
    try await withNode { (catalog: Catalog) async throws in
      _ = try await catalog.apply(
        records([(1, .unseen(since: beginning))]), journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: observation(9000, end: 1), at: time(20))
      #expect(
        try await catalog.whereabouts(of: nil, at: time(30)).unknown
          == [gap(Sample.node, time(20), nil)])
    }
  }

  @Test func `S16: a first journal's gap since 1970 begins where the catalog last knew the node`()
    async throws
  {
    try await withNode { (catalog: Catalog) async throws in
      let first = records([
        (5, .unseen(since: beginning)), (6, .started(Sample.placement("a"))),
        (7, .started(Sample.placement("b"))), (9, .ended(container("b"), .exited(code: 1))),
      ])
      _ = try await catalog.apply(first, journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: observation(10, end: 4), at: time(10))
      // Its disk was lost: a journal that knows nothing of the time before.
      _ = try await catalog.apply(
        records([
          (50, .unseen(since: beginning)), (45, .started(Sample.placement("c"))),
        ]), journal: "k", of: Sample.node)
      try await catalog.seen(Sample.node, observed: observation(60, "k", end: 2), at: time(60))
      let a = PlacementInterval(
        placement: Sample.placement("a"), from: time(6), to: time(10), ended: .vanished)
      let b = PlacementInterval(
        placement: Sample.placement("b"), from: time(7), to: time(9), ended: .exited(code: 1))
      let c = PlacementInterval(
        placement: Sample.placement("c"), from: time(45), to: nil, ended: nil)
      #expect(try await catalog.history(of: Sample.orders, limit: 9) == [c, b, a])
      let lost = [gap(Sample.node, time(10), time(50))]
      for (moment, found, unknown) in [
        (4, [], [gap(Sample.node, beginning, time(5))]), (5, [], []), (8, [a, b], []),
        (9, [a], []), (10, [], lost), (44, [], lost), (45, [c], lost), (50, [c], []),
        (60, [c], []),
      ] as [(Int64, [PlacementInterval], [Whereabouts.Gap])] {
        #expect(
          try await catalog.whereabouts(of: nil, at: time(moment))
            == Whereabouts(found: found, unknown: unknown), "at \(moment)")
      }
    }
  }

  @Test func `S16: a new journal whose clock was set back makes no gap and no overlap`()
    async throws
  {
    try await withNode { (catalog: Catalog) async throws in
      _ = try await catalog.apply(
        records([(5, .unseen(since: beginning)), (6, .started(Sample.placement("a")))]),
        journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: observation(90, end: 2), at: time(90))
      _ = try await catalog.apply(
        records([(50, .unseen(since: beginning)), (48, .started(Sample.placement("b")))]),
        journal: "k", of: Sample.node)
      let a = PlacementInterval(
        placement: Sample.placement("a"), from: time(6), to: time(90), ended: .vanished)
      let b = PlacementInterval(
        placement: Sample.placement("b"), from: time(48), to: nil, ended: nil)
      #expect(try await catalog.history(of: Sample.orders, limit: 9) == [b, a])
      #expect(
        try await catalog.whereabouts(of: nil, at: time(91)).unknown
          == [gap(Sample.node, time(90), nil)])
    }
  }

  @Test func `what vanished while unseen ends where the gap begins, and the gap is told`()
    async throws
  {
    try await withNode { (catalog: Catalog) async throws in
      _ = try await catalog.apply(
        records([
          (1, .started(Sample.placement("a"))), (2, .started(Sample.placement("b"))),
          (30, .unseen(since: time(10))), (10, .ended(container("a"), .vanished)),
        ]), journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: observation(40, end: 4), at: time(40))
      let a = PlacementInterval(
        placement: Sample.placement("a"), from: time(1), to: time(10), ended: .vanished)
      let b = PlacementInterval(
        placement: Sample.placement("b"), from: time(2), to: nil, ended: nil)
      #expect(
        try await catalog.whereabouts(of: Sample.orders, at: time(9))
          == Whereabouts(found: [a, b], unknown: []))
      #expect(
        try await catalog.whereabouts(of: Sample.orders, at: time(10))
          == Whereabouts(found: [b], unknown: [gap(Sample.node, time(10), time(30))]))
      #expect(
        try await catalog.whereabouts(of: nil, at: time(30))
          == Whereabouts(found: [b], unknown: []))
    }
  }

  @Test func `a new journal ends what the old one left open; what still runs goes on`()
    async throws
  {
    try await withNode { (catalog: Catalog) async throws in
      try await catalog.connected(Sample.node, hello: Sample.hello(journal: "j"), at: time(0))
      _ = try await catalog.apply(
        records([(1, .started(Sample.placement("a"))), (2, .started(Sample.placement("b")))]),
        journal: "j", of: Sample.node)
      try await catalog.seen(Sample.node, observed: observation(10, end: 2), at: time(10))
      try await catalog.connected(Sample.node, hello: Sample.hello(journal: "k"), at: time(30))
      // A heartbeat of the new journal's time does not make the time before it known.
      let heartbeat = observation(31, "k", end: 3)
      try await catalog.seen(Sample.node, observed: heartbeat, at: time(31))
      #expect(
        try await catalog.whereabouts(of: nil, at: time(20)).unknown
          == [gap(Sample.node, time(10), nil)])
      _ = try await catalog.apply(
        records([
          (30, .unseen(since: beginning)), (2, .started(Sample.placement("b"))),
          (25, .started(Sample.placement("c"))),
        ]), journal: "k", of: Sample.node)
      try await catalog.seen(Sample.node, observed: heartbeat, at: time(32))
      let a = PlacementInterval(
        placement: Sample.placement("a"), from: time(1), to: time(10), ended: .vanished)
      let b = PlacementInterval(
        placement: Sample.placement("b"), from: time(2), to: nil, ended: nil)
      let c = PlacementInterval(
        placement: Sample.placement("c"), from: time(25), to: nil, ended: nil)
      #expect(try await catalog.history(of: Sample.orders, limit: 9) == [c, b, a])
      #expect(
        try await catalog.whereabouts(of: nil, at: time(26))
          == Whereabouts(found: [b, c], unknown: [gap(Sample.node, time(10), time(30))]))
      #expect(
        try await catalog.whereabouts(of: nil, at: time(5))
          == Whereabouts(found: [a, b], unknown: []))
      #expect(
        try await catalog.whereabouts(of: nil, at: time(31))
          == Whereabouts(found: [b, c], unknown: []))
      // The old journal is over: its known records are skipped, new ones refused.
      let late = records([(40, .ended(container("b"), .removed))], from: 3)
      let error = await failure {
        _ = try await catalog.apply(late, journal: "j", of: Sample.node)
      }
      #expect(error?.description.hasPrefix("journal j of node node-1 was replaced") == true)
      #expect(try await catalog.applied(journal: "j", of: Sample.node) == 2)
    }
  }

  @Test func `S16: a container that started again without a seen end has two intervals that touch`()
    async throws
  {
    try await withNode { (catalog: Catalog) async throws in
      _ = try await catalog.apply(
        records([
          (1, .started(Sample.placement("a"))), (5, .started(Sample.placement("a", pid: 9))),
          (8, .ended(container("a"), .outOfMemory)), (7, .started(Sample.placement("a", pid: 10))),
        ]), journal: "j", of: Sample.node)
      #expect(
        try await catalog.history(of: Sample.orders, limit: 9).map { [$0.from, $0.to] } == [
          [time(8), nil], [time(5), time(8)], [time(1), time(5)],
        ])
    }
  }

  @Test func `times that no clock should give are kept within bounds`() async throws {
    try await withNode { (catalog: Catalog) async throws in
      let extremes = [Timestamp(nanoseconds: .min), Timestamp(nanoseconds: .max)]
      let changes = [
        PlacementRecord(
          sequence: 1, time: extremes[0], change: .started(Sample.placement("a"))),
        PlacementRecord(
          sequence: 2, time: extremes[1], change: .ended(container("a"), .rebooted)),
      ]
      #expect(try await catalog.apply(changes, journal: "j", of: Sample.node) == 2)
      #expect(try await catalog.whereabouts(of: nil, at: time(0)).found.count == 1)
      for moment in extremes { _ = try await catalog.whereabouts(of: nil, at: moment) }
    }
  }
}
