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

/// Runs a thousand times as fast, and remembers what it was asked for.
private final class HastyClock: Clock {
  typealias Instant = ContinuousClock.Instant
  private let clock = ContinuousClock()
  let longest = Mutex(Duration.zero)

  var now: Instant { clock.now }
  var minimumResolution: Duration { clock.minimumResolution }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    let wanted = deadline - now
    longest.withLock { $0 = max($0, wanted) }
    try await clock.sleep(for: wanted / 1000)
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

  @Test func `a pin that comes late is seen within a second`() async throws {
    let fleet = try TestFleet()
    let node = try NodeID("node-1")
    let (token, pin) = ("\(fleet.path)/token", "\(fleet.path)/pin")
    try Data("jwt-1".utf8).write(to: URL(fileURLWithPath: token))
    try await fleet.serving { coordinator in
      fleet.pods.nodes.withLock { $0["jwt-1"] = .success(node) }
      let clock = HastyClock()
      let pod = PodEnrolment(
        node: node, tokenFile: token, pinFile: pin,
        enrolment: try enrolment(fleet, coordinator, store: "node-1"), clock: clock,
        logger: lines.logger)
      async let enrolled = pod.untilEnrolled()
      try await eventually("it asks seldom by now") { lines.contain("30.00 s") }
      try Data("\(AuthorityPin(of: fleet.authority))\n".utf8).write(
        to: URL(fileURLWithPath: pin), options: .atomic)
      _ = try await enrolled
      #expect(clock.longest.withLock(\.self) <= .seconds(1))
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

  @Test func `a node of a fleet that is gone moves to the one that its cluster names`() async throws
  {
    let gone = try TestFleet("gone")
    let fleet = try TestFleet()
    let node = try NodeID("node-1")
    let state = "\(fleet.path)/state"
    let token = "\(fleet.path)/token"
    let pin = "\(fleet.path)/pin"
    let earlier = try await gone.agent("node-1")
    try FileManager.default.createDirectory(
      atPath: state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try CredentialStore(path: "\(state)/identity").save(earlier)
    try Data("fences".utf8).write(to: URL(fileURLWithPath: "\(state)/ledger.json"))
    try Data("jwt-1".utf8).write(to: URL(fileURLWithPath: token))
    fleet.pods.nodes.withLock { $0["jwt-1"] = .success(node) }
    let isHolding = Mutex(true)
    let error = try await fleet.serving { coordinator in
      let move = try FleetMove(
        node: node, tokenFile: token, pinFile: pin, stateDirectory: state,
        current: HeldCredential(earlier), link: coordinator.link,
        isHolding: { isHolding.withLock { $0 } }, interval: .milliseconds(10), logger: lines.logger)
      return try await withThrowingTaskGroup(of: (any Error)?.self) { group in
        group.addTask {
          do { try await move.run() } catch { return error }
          return nil
        }
        // Another authority than who answers: said, and nothing is given up.
        try Data("\(AuthorityPin(of: try TestFleet("third").authority))".utf8).write(
          to: URL(fileURLWithPath: pin))
        isHolding.withLock { $0 = false }
        try await eventually("not trusted") { lines.contain("is not the one that the token pins") }
        try FleetMove.settle(state, logger: lines.logger)
        #expect(
          try CredentialStore(path: "\(state)/identity").load()?.certificate == earlier.certificate)
        try Data("\(AuthorityPin(of: fleet.authority))".utf8).write(to: URL(fileURLWithPath: pin))
        return try await group.next() ?? nil
      }
    }
    #expect(error is FleetMove.Enrolled)
    try FleetMove.settle(state, logger: lines.logger)
    let now = try #require(try CredentialStore(path: "\(state)/identity").load())
    #expect(now.trust.isPinned(by: AuthorityPin(of: fleet.authority)))
    let names = try FileManager.default.contentsOfDirectory(atPath: state)
    let aside = try #require(names.first { $0.hasPrefix("before-") })
    #expect(names.sorted() == [aside, "identity"].sorted())
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(state)/\(aside)").sorted()
        == ["identity", "ledger.json"])
    // Again, as after a crash: nothing is left to do.
    try FleetMove.settle(state, logger: lines.logger)
    #expect(try CredentialStore(path: "\(state)/identity").load()?.certificate == now.certificate)
  }
}
