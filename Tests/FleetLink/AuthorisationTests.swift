import CoordinatorCore
import Crypto
import CutProtocol
import FleetLink
import FleetServer
import FleetWire
import Foundation
import Identity
import Model
import Synchronization
import Testing
import X509

struct AuthorisationTests {
  private let report = AgentMessage.report(
    CutReport(fence: fence, member: ServiceName(accepted: "orders"), news: .ended(reason: "")))
  private let hello = AgentMessage.hello(RawAgent.hello, speaks: .current)

  @Test func `a certificate of another fleet gets no connection`() async throws {
    let fleet = try TestFleet()
    let other = try TestFleet()
    let stranger = try await other.agent("node-1")
    // The fleets have the same name; only the authorities differ.
    let deceived = try Credential(
      privateKey: stranger.privateKey, certificate: stranger.certificate,
      trust: fleet.authority.trust)
    let agent = TestAgent(deceived)
    try await fleet.serving { coordinator in
      try await agent.linked(coordinator.link) {
        try await eventually("refused") {
          agent.lines.contain("the coordinator refuses this node's certificate")
        }
      }
    }
    #expect(fleet.core.log == [])
  }

  @Test func `an agent does not talk to the coordinator of another fleet`() async throws {
    let fleet = try TestFleet()
    let other = try TestFleet("bank")
    let agent = TestAgent(try await fleet.agent("node-1"))
    try await other.serving { coordinator in
      try await agent.linked(coordinator.link) {
        try await eventually("refused") {
          agent.lines.contain("who answers there is not this fleet's coordinator")
        }
      }
    }
    #expect(!agent.lines.contain("connected to the coordinator"))
  }

  @Test func `neither an operator nor a coordinator may speak as an agent`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      let person = try fleet.authority.issueOperator(OperatorName("ada"))
      try await RawAgent.attach(coordinator.port, person) { raw in
        await raw.say(hello)
        try await eventually("told why") { raw.farewell != nil }
        #expect(raw.farewell?.reason == .identity)
        #expect(raw.farewell?.message.contains("spiffe://shop/operator/ada") == true)
      }
      // A server's certificate is refused in the handshake already.
      try await RawAgent.attach(coordinator.port, fleet.authority.issueCoordinator()) { raw in
        await raw.say(hello)
        try await eventually("no connection") { raw.error != nil }
      }
    }
    #expect(fleet.core.log == [])
  }

  @Test func `a revoked agent is refused on its next message`() async throws {
    let fleet = try TestFleet()
    let node = try NodeID("node-1")
    let credential = try await fleet.agent("node-1")
    try await fleet.serving { coordinator in
      try await RawAgent.attach(coordinator.port, credential) { raw in
        await raw.say(hello)
        await raw.say(report)
        try await eventually("heard once") { fleet.core.reports.count == 1 }
        fleet.registry.revoke("node-1")
        await raw.say(report)
        try await eventually("told why") { raw.farewell != nil }
        #expect(raw.farewell?.reason == .revoked)
        #expect(raw.farewell?.message.contains("node-1 is revoked") == true)
        #expect(fleet.core.reports.count == 1)
        try await eventually("gone") { fleet.core.log == ["+node-1", "-node-1"] }
        #expect(await fleet.gateway.connected() == [])
      }
      // And it does not come back.
      try await RawAgent.attach(coordinator.port, credential) { raw in
        await raw.say(hello)
        try await eventually("told why") { raw.farewell?.reason == .revoked }
      }
    }
    #expect(fleet.core.log == ["+node-1", "-node-1"])
    await #expect(throws: GatewayError.self) {
      try await fleet.gateway.send(.query(fence: fence, member: service("orders")), to: node)
    }
  }

  @Test func `S15 a revoked agent may be told to thaw, and never to freeze`() async throws {
    let fleet = try TestFleet()
    let node = try NodeID("node-1")
    try await fleet.serving { coordinator in
      try await RawAgent.attach(coordinator.port, fleet.agent("node-1")) { raw in
        await raw.say(hello)
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
        fleet.registry.revoke("node-1")
        let abort = CutOrder.abort(fence: fence, member: try service("orders"), reason: "revoked")
        try await fleet.gateway.send(abort, to: node)
        try await eventually("told to thaw") { raw.messages.contains(.order(abort)) }
        await #expect(throws: GatewayError(.notConnected, "node-1 is revoked")) {
          try await fleet.gateway.send(
            .freeze(fence: fence, member: service("orders"), after: WitnessVector([:])), to: node)
        }
        try await eventually("told why") { raw.farewell?.reason == .revoked }
        for case .order(.freeze) in raw.messages { Issue.record("a freeze was sent") }
      }
    }
  }

  @Test func `a revoked agent says so in its log and hardly dials any more`() async throws {
    let fleet = try TestFleet()
    let node = try NodeID("node-1")
    let agent = TestAgent(try await fleet.agent("node-1"))
    try await fleet.serving { coordinator in
      var configuration = coordinator.link
      configuration.refusedBackoff = .seconds(600)
      try await agent.linked(configuration) {
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
        fleet.registry.revoke("node-1")
        await fleet.gateway.disconnect(node)
        try await eventually("told") { agent.lines.contain("node-1 is revoked") }
        try await eventually("noted") { agent.handler.lost == 1 }
        #expect(agent.lines.contain("min"))
      }
    }
    #expect(fleet.core.log == ["+node-1", "-node-1"])
  }

  @Test func `who cannot be checked is not served`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      try await RawAgent.attach(coordinator.port, fleet.agent("node-1")) { raw in
        await raw.say(hello)
        try await eventually("connected") { fleet.core.log == ["+node-1"] }
        fleet.registry.state.withLock { $0.failure = "disk on fire" }
        await raw.say(report)
        try await eventually("told why") { raw.farewell?.reason == .unavailable }
        #expect(raw.farewell?.message.contains("cannot be told") == true)
      }
    }
    #expect(fleet.core.reports.isEmpty)
  }

  @Test func `a certificate that expires ends its open stream on the next message`() async throws {
    let fleet = try TestFleet(lifetimes: .init(agent: .seconds(10)))
    let credential = try await fleet.agent("node-1")
    // This agent says nothing while its certificate runs out, which must not be what ends its stream.
    try await fleet.serving(adjust: { $0.deadAfter = .seconds(60) }) { coordinator in
      try await RawAgent.attach(coordinator.port, credential) { raw in
        await raw.say(hello)
        try await eventually("connected") { fleet.core.log == ["+node-1"] }
        try await eventually("expired") { !credential.isValid(at: .now()) }
        await #expect(throws: GatewayError.self) {
          try await fleet.gateway.send(
            .freeze(fence: fence, member: service("orders"), after: WitnessVector([:])),
            to: NodeID("node-1"))
        }
        await raw.say(report)
        try await eventually("told why") { raw.farewell?.reason == .identity }
        #expect(raw.farewell?.message.contains("expired at") == true)
      }
    }
    #expect(fleet.core.reports.isEmpty)
  }

  @Test func `the key of an earlier enrolment is refused`() async throws {
    let fleet = try TestFleet()
    let cloned = try await fleet.agent("node-1")
    _ = try await fleet.agent("node-1")
    try await fleet.serving { coordinator in
      try await RawAgent.attach(coordinator.port, cloned) { raw in
        await raw.say(hello)
        try await eventually("told why") { raw.farewell?.reason == .identity }
        #expect(raw.farewell?.message.contains("not enrolled with this key") == true)
      }
    }
  }

  @Test func `an agent may only report placements of its own node`() async throws {
    let fleet = try TestFleet()
    let placement = Placement(
      node: try NodeID("node-2"), service: try service("orders"), container: try ContainerID("c"),
      containerName: "c", pod: "p", podUID: "u", namespace: "n", image: "i", imageDigest: "",
      labels: [:], mounts: [], pid: nil, startedAt: .now())
    let record = PlacementRecord(sequence: 1, time: .now(), change: .started(placement))
    try await fleet.serving { coordinator in
      try await RawAgent.attach(coordinator.port, fleet.agent("node-1")) { raw in
        await raw.say(hello)
        await raw.say(.records(journal: "j", [record]))
        try await eventually("told why") { raw.farewell?.reason == .violation }
        #expect(raw.farewell?.message.contains("is about node-2, the agent is node-1") == true)
      }
    }
    #expect(fleet.core.records("j").isEmpty)
  }
}
