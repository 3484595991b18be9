import CoordinatorCore
import CutProtocol
import FleetLink
import FleetServer
import Foundation
import Identity
import Logging
import Model
import Synchronization
import Testing
import X509

struct RenewalTests {
  /// Runs link and renewal together, as an agent does.
  private func running(
    _ agent: TestAgent, _ fleet: TestFleet, _ coordinator: RunningCoordinator,
    _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    let renewal = CertificateRenewal(
      enrolment: AgentEnrolment(
        configuration: coordinator.link, store: try fleet.store("node-1"),
        logger: agent.lines.logger), credential: agent.credential,
      refusedBackoff: .milliseconds(100),
      isHolding: { await !agent.handler.heartbeat().held.isEmpty }, logger: agent.lines.logger)
    try await agent.linked(coordinator.link) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await renewal.run() }
        defer { group.cancelAll() }
        try await body()
      }
    }
  }

  @Test func `a certificate is renewed at half of its life and the link goes on with it`()
    async throws
  {
    let fleet = try TestFleet(lifetimes: .init(agent: .seconds(16)))
    let first = try await fleet.agent("node-1")
    let agent = TestAgent(first)
    let node = try NodeID("node-1")
    try await fleet.serving { coordinator in
      try await running(agent, fleet, coordinator) {
        try await eventually("renewed") {
          agent.credential.current.certificate != first.certificate
        }
        #expect(first.isValid(at: .now()))
        #expect(
          try fleet.store("node-1").load()?.certificate == agent.credential.current.certificate)
        try await eventually("connected anew") {
          fleet.core.log == ["+node-1", "-node-1", "+node-1"]
        }
        try await eventually("open") { await fleet.gateway.connected() == [node] }
      }
    }
  }

  @Test func `nothing is renewed during a hold, and the link stays`() async throws {
    let fleet = try TestFleet(lifetimes: .init(agent: .seconds(10)))
    let first = try await fleet.agent("node-1")
    let agent = TestAgent(first)
    let held = AgentHeartbeat.Held(
      member: try service("orders"), fence: fence,
      hold: HoldID(boot: "b", incarnation: 1, counter: 1), age: .zero)
    agent.handler.state.withLock { $0.held = [held] }
    try await fleet.serving { coordinator in
      try await running(agent, fleet, coordinator) {
        try await eventually("connected") { fleet.core.log == ["+node-1"] }
        try await eventually("past the time of renewal") {
          Timestamp.now() > first.renewal(jitter: 1) + .milliseconds(500)
        }
        #expect(agent.credential.current.certificate == first.certificate)
        #expect(fleet.core.log == ["+node-1"])
        agent.handler.state.withLock { $0.held = [] }
        try await eventually("renewed after the hold") {
          agent.credential.current.certificate != first.certificate
        }
      }
    }
  }

  @Test func `L8: a certificate that ends during a hold ends the stream and strands nothing`()
    async throws
  {
    let fleet = try TestFleet(lifetimes: .init(agent: .seconds(8)))
    let first = try await fleet.agent("node-1")
    let agent = TestAgent(first)
    let node = try NodeID("node-1")
    let member = try service("orders")
    let held = AgentHeartbeat.Held(
      member: member, fence: fence, hold: HoldID(boot: "b", incarnation: 1, counter: 1), age: .zero)
    agent.handler.state.withLock { $0.held = [held] }
    try await fleet.serving { coordinator in
      try await running(agent, fleet, coordinator) {
        try await eventually("connected") { fleet.core.log == ["+node-1"] }
        try await eventually("the stream ends") { fleet.core.log == ["+node-1", "-node-1"] }
        #expect(Timestamp.now() >= first.notAfter)
        try await eventually("the agent knows that it is alone") { agent.handler.lost == 1 }
        await #expect(throws: GatewayError.self) {
          try await fleet.gateway.send(
            .freeze(fence: fence, member: member, after: WitnessVector([:])), to: node)
        }
        // The lease ends the hold; what came of it is told once the agent is back, without anybody's help.
        agent.handler.state.withLock { $0.held = [] }
        try await eventually("connected again") { await fleet.gateway.connected() == [node] }
        let report = CutReport(fence: fence, member: member, news: .ended(reason: "lease"))
        try await eventually("the report arrives") {
          await agent.reports.send(report)
          return fleet.core.reports.contains(report)
        }
        let abort = CutOrder.abort(fence: fence, member: member, reason: "test")
        try await fleet.gateway.send(abort, to: node)
        try await eventually("the order arrives") { agent.handler.orders == [abort] }
      }
    }
  }

  @Test func `an agent that was down for long rejoins by itself`() async throws {
    let fleet = try TestFleet()
    let expired = try await fleet.agent("node-1", now: .now() - .seconds(72 * 3600))
    let agent = TestAgent(expired)
    let node = try NodeID("node-1")
    try await fleet.serving { coordinator in
      try await running(agent, fleet, coordinator) {
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
      }
    }
    #expect(agent.lines.contain("certificate is not valid now"))
  }

  @Test func `an agent that was revoked while it was down is told so and stays away`() async throws
  {
    let fleet = try TestFleet()
    let agent = TestAgent(try await fleet.agent("node-1", now: .now() - .seconds(72 * 3600)))
    fleet.registry.revoke("node-1")
    try await fleet.serving { coordinator in
      try await running(agent, fleet, coordinator) {
        try await eventually("told") { agent.lines.contain("node-1 is revoked") }
      }
    }
    #expect(fleet.core.log == [])
  }

  @Test func `the coordinator's certificate rotates while agents stay connected`() async throws {
    let fleet = try TestFleet()
    let agent = TestAgent(try await fleet.agent("node-1"))
    let node = try NodeID("node-1")
    try await fleet.serving { coordinator in
      try await agent.linked(coordinator.link) {
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
        let before = coordinator.certificate.credential.certificate
        try coordinator.certificate.rotate()
        #expect(coordinator.certificate.credential.certificate != before)
        #expect(coordinator.certificate.credential.certificate.publicKey != before.publicKey)
        // A new connection meets the new certificate, the old one goes on.
        let second = TestAgent(try await fleet.agent("node-2"))
        try await second.linked(coordinator.link) {
          try await eventually("both connected") { await fleet.gateway.connected().count == 2 }
        }
        #expect(fleet.core.log.filter { $0.hasSuffix(node.text) } == ["+node-1"])
      }
    }
  }

  @Test func `the old private key serves no new connection after a rotation`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      let enrolment = AgentEnrolment(
        configuration: coordinator.link, store: try fleet.store("node-1"), logger: fleet.logger)
      for _ in 0..<3 {
        try coordinator.certificate.rotate()
        _ = try await enrolment.enrol(fleet.token("node-1"))
      }
    }
  }
}
