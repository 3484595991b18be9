import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Testing

struct WhereaboutsTests {
  private let journal = "0123"

  private func hello(end: UInt64) -> AgentHello {
    AgentHello(
      version: "1", boot: "b", incarnation: 1, highestFence: .none, journalEnd: end,
      journal: journal)
  }

  private func heartbeat(_ through: Timestamp, end: UInt64) -> AgentHeartbeat {
    AgentHeartbeat(
      observed: JournalObservation(through: through, journal: journal, end: end), held: [],
      troubles: [])
  }

  @Test func `after an outage nothing is known until the last record of it is applied`()
    async throws
  {
    try await withCoordinator { coordinator in
      let fleet = coordinator.fleetService(try FleetID("fleet"))
      let placement = try Shop.placement("orders")
      let node = placement.node
      try await coordinator.catalog.enrolled(
        node, publicKeyHash: Data(repeating: 1, count: 32), at: .now() - .seconds(900))
      let start = Timestamp.now() - .seconds(600)
      let ended = start + .seconds(300)
      let records = [
        PlacementRecord(sequence: 1, time: start, change: .unseen(since: .init(nanoseconds: 0))),
        PlacementRecord(sequence: 2, time: start, change: .started(placement)),
        PlacementRecord(
          sequence: 3, time: ended, change: .ended(placement.container, .exited(code: 0))),
      ]
      func gaps(_ time: Timestamp?) async throws -> [NodeID] {
        try await fleet.whereabouts(of: placement.serviceID, at: time).unknown.map(\.node)
      }
      let directory = coordinator.directory
      _ = try await directory.agentConnected(node, hello(end: 3))
      _ = try await directory.agentRecorded(node, journal: journal, Array(records[..<2]))
      // It has seen all of it, and says so before it could deliver the end.
      await directory.agentBeat(node, heartbeat(.now(), end: 3))
      #expect(try await gaps(ended + .seconds(1)) == [node])
      #expect(try await gaps(nil) == [node])
      #expect(try await coordinator.catalog.node(node)?.observedThrough == nil)
      _ = try await directory.agentRecorded(node, journal: journal, Array(records[2...]))
      #expect(try await gaps(nil) == [])
      // What was proved meanwhile is stored with the agent's departure at the latest.
      await directory.agentDisconnected(node)
      #expect(try await gaps(ended + .seconds(1)) == [])
      let now = try await fleet.whereabouts(of: placement.serviceID, at: nil)
      #expect(now.found == [])
      #expect(now.unknown.map(\.node) == [node])
    }
  }

  @Test func `a node that never stops recording is still known as far as is applied`()
    async throws
  {
    try await withCoordinator { coordinator in
      let placement = try Shop.placement("orders")
      let node = placement.node
      try await coordinator.catalog.enrolled(
        node, publicKeyHash: Data(repeating: 1, count: 32), at: .now() - .seconds(900))
      let directory = coordinator.directory
      _ = try await directory.agentConnected(node, hello(end: 0))
      let start = Timestamp.now() - .seconds(600)
      for step in 1...20 as ClosedRange<UInt64> {
        // Each heartbeat is one record ahead of what is applied.
        await directory.agentBeat(node, heartbeat(start + .seconds(Int(step)), end: step + 1))
        let record = PlacementRecord(
          sequence: step, time: start + .seconds(Int(step)),
          change: step == 1 ? .unseen(since: .init(nanoseconds: 0)) : .updated(placement))
        _ = try await directory.agentRecorded(node, journal: journal, [record])
      }
      let observed = await directory.presence(of: node)?.observedThrough
      #expect(observed == start + .seconds(19))
    }
  }

  @Test func `a heartbeat that speaks of another journal proves nothing`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock(["orders"])
      let node = try Shop.placement("orders").node
      _ = try await coordinator.directory.agentConnected(node, hello(end: 0))
      var heartbeat = heartbeat(.now(), end: 1)
      heartbeat.observed?.journal = "another"
      await coordinator.directory.agentBeat(node, heartbeat)
      #expect(await coordinator.directory.presence(of: node)?.observedThrough == nil)
    }
  }

  @Test func `a second agent of a node is among its troubles, and once in the audit`() async throws
  {
    try await withCoordinator { coordinator in
      try await coordinator.stock(["orders"])
      let node = try Shop.placement("orders").node
      for _ in 1...3 {
        await coordinator.directory.agentDoubled(node, "a is connected, b is refused")
      }
      let audit = try await coordinator.catalog.auditEntries(limit: 9)
      #expect(
        audit.map { [$0.actor, $0.action, $0.object, $0.detail] } == [
          ["coordinator", "agent.refuse", node.text, "a is connected, b is refused"]
        ])
      let status = try await coordinator.fleetService(try FleetID("fleet")).nodes()
      #expect(
        status.map(\.troubles) == [
          [
            "two agents run as this node: a is connected, b is refused; stop the copy, and enrol it as "
              + "a node of its own"
          ]
        ])
      await coordinator.directory.agentDoubled(node, "a is connected, c is refused")
      #expect(try await coordinator.catalog.auditEntries(limit: 9).count == 2)
    }
  }
}
