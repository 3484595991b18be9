import CoordinatorCore
import FleetLink
import FleetServer
import Foundation
import Identity
import Model
import Synchronization
import Testing

/// A cluster that vouches for the pods it was told of.
final class FakePods: PodIdentity {
  let nodes = Mutex<[String: Result<NodeID, PodIdentityError>]>([:])

  func node(ofToken token: String) async throws(PodIdentityError) -> NodeID {
    guard let answer = nodes.withLock({ $0[token] }) else {
      throw PodIdentityError(.refused, "the cluster does not know the pod's token")
    }
    return try answer.get()
  }
}

struct PodEnrolmentTests {
  private let lines = LogLines()

  private func enrolment(_ fleet: TestFleet, _ coordinator: RunningCoordinator, store: String)
    throws -> AgentEnrolment
  {
    AgentEnrolment(
      configuration: coordinator.link, store: try fleet.store(store), logger: lines.logger)
  }

  private func failure(_ body: () async throws -> Void) async -> EnrolmentFailure? {
    do {
      try await body()
      return nil
    } catch {
      return error as? EnrolmentFailure
    }
  }

  @Test func `a pod that its cluster vouches for attaches, once it may`() async throws {
    let fleet = try TestFleet()
    let node = try NodeID("node-1")
    let token = "\(fleet.path)/token"
    let pin = "\(fleet.path)/pin"
    try await fleet.serving { coordinator in
      let pod = PodEnrolment(
        node: node, tokenFile: token, pinFile: pin,
        enrolment: try enrolment(fleet, coordinator, store: "node-1"),
        longestWait: .milliseconds(50), logger: lines.logger)
      async let enrolled = pod.untilEnrolled()
      try await eventually("told what is missing") { lines.contain("pin cannot be read") }
      try Data("\(AuthorityPin(of: fleet.authority))\n".utf8).write(to: URL(fileURLWithPath: pin))
      try Data("jwt-1\n".utf8).write(to: URL(fileURLWithPath: token))
      try await eventually("refused") {
        lines.contain("the cluster does not know the pod's token")
      }
      fleet.pods.nodes.withLock { $0["jwt-1"] = .success(node) }
      let credential = try await enrolled
      let agent = TestAgent(credential)
      try await agent.linked(coordinator.link) {
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
      }
    }
  }

  @Test func `a pod gets no other node's name, and no revocation is lifted`() async throws {
    let fleet = try TestFleet()
    let pin = AuthorityPin(of: fleet.authority)
    try await fleet.serving { coordinator in
      let one = try NodeID("node-1")
      let two = try NodeID("node-2")
      fleet.pods.nodes.withLock { $0["jwt-1"] = .success(one) }
      let thief = await failure {
        _ = try await enrolment(fleet, coordinator, store: "thief").enrol(
          two, podToken: "jwt-1", pin: pin)
      }
      #expect(thief?.code == .refused)
      #expect(thief?.message.contains("of another node") == true)
      #expect(try await fleet.registry.enrolledKey(two) == nil)
      let own = try enrolment(fleet, coordinator, store: "node-1")
      _ = try await own.enrol(one, podToken: "jwt-1", pin: pin)
      fleet.registry.state.withLock { _ = $0.revoked.insert(one) }
      let revoked = await failure {
        _ = try await own.enrol(one, podToken: "jwt-1", pin: pin)
      }
      #expect(revoked?.code == .revoked)
      #expect(try await fleet.registry.isRevoked(one))
    }
  }

  @Test func `a cluster's word does not replace what an operator enrolled by hand`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      let one = try NodeID("node-1")
      fleet.pods.nodes.withLock { $0["jwt-1"] = .success(one) }
      _ = try await enrolment(fleet, coordinator, store: "hand").enrol(fleet.token("node-1"))
      let key = try await fleet.registry.enrolledKey(one)
      let pod = try enrolment(fleet, coordinator, store: "pod")
      let failure = await failure {
        _ = try await pod.enrol(one, podToken: "jwt-1", pin: AuthorityPin(of: fleet.authority))
      }
      #expect(failure?.code == .refused)
      #expect(failure?.message.contains("made by hand") == true)
      #expect(try await fleet.registry.enrolledKey(one) == key)
    }
  }

  @Test func `a pod whose node was enrolled by a token meanwhile goes on with that`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      let enrolment = try enrolment(fleet, coordinator, store: "node-1")
      let pod = PodEnrolment(
        node: try NodeID("node-1"), tokenFile: "\(fleet.path)/none", pinFile: "\(fleet.path)/none",
        enrolment: enrolment, longestWait: .milliseconds(20), logger: lines.logger)
      async let enrolled = pod.untilEnrolled()
      try await eventually("waits") { lines.contain("not enrolled yet") }
      let byHand = try await enrolment.enrol(fleet.token("node-1"))
      #expect(try await enrolled.certificate == byHand.certificate)
    }
  }

  @Test func `a cluster that is away is told apart from one that refuses`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      fleet.pods.nodes.withLock {
        $0["jwt-1"] = .failure(PodIdentityError(.unavailable, "the cluster cannot be asked now"))
      }
      let away = await failure {
        _ = try await enrolment(fleet, coordinator, store: "node-1").enrol(
          NodeID("node-1"), podToken: "jwt-1", pin: AuthorityPin(of: fleet.authority))
      }
      #expect(away?.code == .unreachable)
      #expect(away?.message.contains("cannot be asked now") == true)
    }
  }

  @Test func `a pod's token is not shown to a coordinator that the pin does not name`() async throws
  {
    let fleet = try TestFleet()
    let impostor = try TestFleet()
    impostor.pods.nodes.withLock { $0["jwt-1"] = (try? NodeID("node-1")).map { .success($0) } }
    try await impostor.serving { coordinator in
      let failure = await failure {
        _ = try await enrolment(fleet, coordinator, store: "node-1").enrol(
          NodeID("node-1"), podToken: "jwt-1", pin: AuthorityPin(of: fleet.authority))
      }
      #expect(failure?.code == .untrusted)
    }
    #expect(try await impostor.registry.enrolledKey(NodeID("node-1")) == nil)
  }
}
