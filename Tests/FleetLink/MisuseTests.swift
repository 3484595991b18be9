import CoordinatorCore
import CutProtocol
import FleetLink
import FleetServer
import FleetWire
import Foundation
import Identity
import Model
import SwiftProtobuf
import Synchronization
import Testing

struct MisuseTests {
  private let hello = AgentMessage.hello(RawAgent.hello, speaks: .current)

  @Test func `an incompatible agent is told which versions meet`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      try await RawAgent.attach(coordinator.port, fleet.agent("node-1")) { raw in
        await raw.say(
          .hello(RawAgent.hello, speaks: ProtocolVersions(oldest: 5, newest: 6)))
        try await eventually("told why") { raw.farewell?.reason == .incompatible }
        #expect(
          raw.farewell?.message
            == "the agent on node-1 (1.0) speaks fleet protocol 5 to 6, "
            + "this coordinator (1.0) speaks 3 to 4: upgrade the older one")
      }
    }
    #expect(fleet.core.log == [])
  }

  @Test func `the newest connection of a node wins and the older one is told`() async throws {
    let fleet = try TestFleet()
    let credential = try await fleet.agent("node-1")
    let node = try NodeID("node-1")
    try await fleet.serving { coordinator in
      try await RawAgent.attach(coordinator.port, credential) { first in
        await first.say(hello)
        try await eventually("first connected") { fleet.core.log == ["+node-1"] }
        try await RawAgent.attach(coordinator.port, credential) { second in
          await second.say(hello)
          try await eventually("first told") { first.farewell?.reason == .replaced }
          try await eventually("second connected") {
            fleet.core.log == ["+node-1", "-node-1", "+node-1"]
          }
          try await eventually("second open") { await fleet.gateway.connected() == [node] }
          let order = CutOrder.query(fence: fence, member: try service("orders"))
          try await fleet.gateway.send(order, to: node)
          try await eventually("second is told") { second.messages.contains(.order(order)) }
          #expect(!first.messages.contains(.order(order)))
        }
      }
    }
    #expect(fleet.core.log == ["+node-1", "-node-1", "+node-1", "-node-1"])
  }

  @Test func `a copy of an agent that answers is refused, and both are told apart`() async throws {
    let fleet = try TestFleet()
    let credential = try await fleet.agent("node-1")
    let node = try NodeID("node-1")
    let copy = AgentHello(
      version: "1.0", boot: "another", incarnation: 2, highestFence: .none, journalEnd: 0,
      journal: "j")
    try await fleet.serving { coordinator in
      try await RawAgent.attach(coordinator.port, credential) { first in
        await first.say(hello)
        try await eventually("first connected") { await fleet.gateway.connected() == [node] }
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            while (try? await Task.sleep(for: .milliseconds(10))) != nil {
              await first.say(.beat(AgentHeartbeat(observed: nil, held: [], troubles: [])))
            }
          }
          for _ in 1...2 {
            try await RawAgent.attach(coordinator.port, credential) { second in
              await second.say(.hello(copy, speaks: .current))
              try await eventually("the copy is told") { second.farewell != nil }
              #expect(
                second.farewell
                  == Farewell(
                    .replaced,
                    "another agent runs as node-1 (start 1 in boot boot) and answers; this one "
                      + "(start 2 in boot another) is refused: its machine or its state was copied. "
                      + "Stop it, and enrol it as a node of its own"))
            }
          }
          #expect(first.farewell == nil)
          #expect(await fleet.gateway.connected() == [node])
          group.cancelAll()
        }
      }
    }
    let refused = "2 node-1: start 1 in boot boot is connected, start 2 in boot another is refused"
    #expect(fleet.core.log == ["+node-1", refused, refused, "-node-1"])
  }

  @Test func `an agent that started anew takes the place of its silent connection`() async throws {
    let fleet = try TestFleet()
    let credential = try await fleet.agent("node-1")
    var restarted = RawAgent.hello
    restarted.incarnation = 2
    try await fleet.serving { [restarted] coordinator in
      try await RawAgent.attach(coordinator.port, credential) { first in
        await first.say(hello)
        try await eventually("first connected") { fleet.core.log == ["+node-1"] }
        try await RawAgent.attach(coordinator.port, credential) { second in
          await second.say(.hello(restarted, speaks: .current))
          try await eventually("second connected") {
            fleet.core.log == ["+node-1", "-node-1", "+node-1"]
          }
        }
      }
    }
  }

  @Test func `many connections of one node end with one, told to the core in turn`() async throws {
    let fleet = try TestFleet()
    let credential = try await fleet.agent("node-1")
    try await fleet.serving { coordinator in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<10 {
          group.addTask {
            try await RawAgent.attach(coordinator.port, credential) { raw in
              await raw.say(hello)
              try await eventually("welcomed or sent away") { !raw.messages.isEmpty }
            }
          }
        }
        try await group.waitForAll()
      }
      try await eventually("all gone") { await fleet.gateway.connected().isEmpty }
      try await eventually("told of the end") { fleet.core.log.last == "-node-1" }
    }
    for (index, line) in fleet.core.log.enumerated() {
      #expect(line == (index % 2 == 0 ? "+node-1" : "-node-1"))
    }
  }

  @Test(arguments: [
    ("speaking before hello", "the first message must be hello"),
    ("a second hello", "hello may be said only once"),
    ("an empty message", "it is of an unknown kind"),
    ("an invalid member", "member"),
  ])
  func `what the protocol does not allow ends the stream with the reason`(
    _ mistake: String, _ answer: String
  ) async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      try await RawAgent.attach(coordinator.port, fleet.agent("node-1")) { raw in
        if mistake != "speaking before hello" { await raw.say(hello) }
        switch mistake {
        case "a second hello": await raw.say(hello)
        case "an empty message": raw.say(RawAgent.Wire())
        case "an invalid member":
          raw.say(
            RawAgent.Wire.with {
              $0.report = .with {
                $0.fence = .init()
                $0.member = "No Such Name"
                $0.ended = .init()
              }
            })
        default:
          await raw.say(
            .beat(AgentHeartbeat(observed: nil, held: [], troubles: [])))
        }
        try await eventually("told why") { raw.farewell?.reason == .violation }
        #expect(raw.farewell?.message.contains(answer) == true)
      }
    }
  }

  @Test func `a message above the limit ends the stream and nothing else`() async throws {
    let fleet = try TestFleet()
    let bystander = TestAgent(try await fleet.agent("node-2"))
    let node = try NodeID("node-2")
    try await fleet.serving { coordinator in
      try await bystander.linked(coordinator.link) {
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
        try await RawAgent.attach(coordinator.port, fleet.agent("node-1")) { raw in
          await raw.say(hello)
          try await eventually("second connected") { fleet.core.log.last == "+node-1" }
          raw.say(
            RawAgent.Wire.with {
              $0.records = .with {
                $0.journal = "j"
                $0.records = [Data(count: WireLimits.message + 1)]
              }
            })
          try await eventually("gone") { fleet.core.log.last == "-node-1" }
        }
        #expect(await fleet.gateway.connected() == [node])
      }
    }
  }

  @Test func `an order that is too large is refused and the stream lives on`() async throws {
    let fleet = try TestFleet()
    let agent = TestAgent(try await fleet.agent("node-1"))
    let node = try NodeID("node-1")
    try await fleet.serving { coordinator in
      try await agent.linked(coordinator.link) {
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
        do throws(GatewayError) {
          try await fleet.gateway.send(
            .prepare(
              fence: fence, member: ServiceName(accepted: "orders"),
              plan: Data(count: WireLimits.plan + 1), lease: .seconds(3)), to: node)
          Issue.record("it was sent")
        } catch {
          #expect(error.code == .tooLarge)
        }
        #expect(await fleet.gateway.connected() == [node])
      }
    }
  }

  @Test func `a peer that does not read is dropped when its queue is full`() async throws {
    let fleet = try TestFleet()
    let node = try NodeID("node-1")
    try await fleet.serving(adjust: { $0.outbox = 8 }) { coordinator in
      try await RawAgent.attach(coordinator.port, fleet.agent("node-1"), reads: false) { raw in
        await raw.say(hello)
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
        let order = CutOrder.prepare(
          fence: fence, member: try service("orders"), plan: Data(count: 1 << 20),
          lease: .seconds(3))
        var failure: GatewayError?
        for _ in 0..<100 where failure == nil {
          do throws(GatewayError) {
            try await fleet.gateway.send(order, to: node)
          } catch {
            failure = error
          }
        }
        #expect(failure?.code == .overloaded)
        try await eventually("dropped") { fleet.core.log == ["+node-1", "-node-1"] }
      }
    }
  }

  @Test func `a peer that speaks no protocol at all does no harm`() async throws {
    let fleet = try TestFleet()
    let agent = TestAgent(try await fleet.agent("node-1"))
    let node = try NodeID("node-1")
    try await fleet.serving { coordinator in
      for port in [coordinator.port, coordinator.enrolmentPort] {
        let socket = try PlainSocket(port: port)
        socket.write(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        socket.write((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 167) })
        socket.close()
      }
      try await agent.linked(coordinator.link) {
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
      }
    }
  }
}
