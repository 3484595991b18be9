import CoordinatorCore
import Crypto
import CutProtocol
import FleetLink
import FleetServer
import FleetWire
import Foundation
import Identity
import Logging
import Model
import Synchronization
import Testing
import X509

struct EnrolmentTests {
  private let lines = LogLines()

  private func enrolment(
    _ fleet: TestFleet, _ coordinator: RunningCoordinator, store: String = "node-1"
  ) throws -> AgentEnrolment {
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

  @Test func `a token turns into a certificate that attaches`() async throws {
    let fleet = try TestFleet()
    let node = try NodeID("node-1")
    try await fleet.serving { coordinator in
      let credential = try await enrolment(fleet, coordinator).enrol(fleet.token("node-1"))
      #expect(credential.identity == .agent(try FleetID("shop"), node))
      #expect(try fleet.store("node-1").load()?.certificate == credential.certificate)
      let agent = TestAgent(credential)
      try await agent.linked(coordinator.link) {
        try await eventually("connected") { await fleet.gateway.connected() == [node] }
      }
    }
  }

  @Test func `a wrong, used, expired or foreign token is told apart in words`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      let used = try await fleet.token("node-1")
      _ = try await enrolment(fleet, coordinator).enrol(used)
      let unknown = EnrolmentToken(node: try NodeID("node-1"), authority: fleet.authority)
      let expired = try await fleet.token("node-1", expires: .now() - .seconds(1))
      let other = try await fleet.token("node-2")
      let renamed = try EnrolmentToken(
        text: other.text.replacingOccurrences(of: "node-2", with: "node-3"))
      for (token, words) in [
        (used, "the token was already used"), (unknown, "not known to this coordinator"),
        (expired, "the token has expired"), (renamed, "made for another node"),
      ] {
        let failure = await failure {
          _ = try await enrolment(fleet, coordinator, store: "thief").enrol(token)
        }
        #expect(failure?.code == .refused)
        #expect(failure?.message.contains(words) == true)
        #expect(failure?.message.contains("node-2") == false)
      }
      #expect(try fleet.store("thief").load() == nil)
    }
  }

  @Test func `a token is not shown to a coordinator that its pin does not name`() async throws {
    let fleet = try TestFleet()
    let impostor = try TestFleet()
    let token = try await fleet.token("node-1")
    try await impostor.serving { coordinator in
      let failure = await failure {
        _ = try await enrolment(fleet, coordinator).enrol(token)
      }
      #expect(failure?.code == .untrusted)
      #expect(
        failure?.message
          == "the coordinator at 127.0.0.1 is not trusted: "
          + "the coordinator's authority is not the one that the token pins")
    }
    #expect(impostor.registry.state.withLock { $0.keys.isEmpty })
  }

  @Test func `an agent's certificate is no coordinator's`() async throws {
    // A thief of an agent's key sets up a server that shows the agent's certificate and the true authority.
    let fleet = try TestFleet()
    let agent = try await fleet.agent("node-1")
    let failure = await failure {
      _ = try await fleet.authority.trust.identity(
        of: [agent.certificate, fleet.authority.certificate], at: .now(), roles: [.coordinator])
    }
    #expect(failure == nil)
    await #expect(throws: IdentityError.self) {
      try await fleet.authority.trust.identity(
        of: [agent.certificate, fleet.authority.certificate], at: .now(), roles: [.coordinator])
    }
  }

  @Test func `nobody at the address is said in words`() async throws {
    let fleet = try TestFleet()
    let ports = try await fleet.serving { $0 }
    let failure = await failure {
      _ = try await enrolment(fleet, ports).enrol(fleet.token("node-1"))
    }
    #expect(failure?.code == .unreachable)
    #expect(failure?.message.contains("the coordinator at 127.0.0.1 cannot be asked") == true)
  }

  @Test func `an enrolment whose answer got lost is finished with the same token`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      // The coordinator has used up the token and noted the key, but the node never heard of it.
      let node = try NodeID("node-1")
      let token = try await fleet.token("node-1")
      let key = Certificate.PublicKey(try fleet.store("node-1").enrolmentKey().publicKey)
      #expect(
        try await fleet.registry.redeem(hash: token.hash, node: node, now: .now()) == .accepted)
      try await fleet.registry.enrolled(node, publicKeyHash: key.hash, at: .now())
      let credential = try await enrolment(fleet, coordinator).enrol(token)
      #expect(credential.identity == .agent(try FleetID("shop"), node))
      #expect(credential.certificate.publicKey == key)
    }
  }

  @Test func `an expired certificate is replaced by proving the old key`() async throws {
    let fleet = try TestFleet()
    let expired = try await fleet.agent("node-1", now: .now() - .seconds(48 * 3600))
    #expect(!expired.isValid(at: .now()))
    try await fleet.serving { coordinator in
      let fresh = try await enrolment(fleet, coordinator).rejoin(expired)
      #expect(fresh.isValid(at: .now()))
      #expect(fresh.certificate.publicKey == expired.certificate.publicKey)
      let thief = try Credential(
        privateKey: P256.Signing.PrivateKey(), fleet: fleet, node: "node-1")
      let failure = await failure { _ = try await enrolment(fleet, coordinator).rejoin(thief) }
      #expect(failure?.code == .refused)
      #expect(failure?.message.contains("not enrolled with this key") == true)
    }
  }

  @Test func `a revoked node neither renews nor rejoins, until a new token`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      let enrolment = try enrolment(fleet, coordinator)
      let credential = try await enrolment.enrol(fleet.token("node-1"))
      fleet.registry.revoke("node-1")
      #expect(await failure { _ = try await enrolment.renew(credential) }?.code == .revoked)
      let rejoin = await failure { _ = try await enrolment.rejoin(credential) }
      #expect(rejoin?.code == .revoked)
      #expect(rejoin?.message.contains("node-1 is revoked") == true)
      let again = try await enrolment.enrol(fleet.token("node-1"))
      _ = try await enrolment.renew(again)
      // Whoever stole the key before the revocation has nothing of the new enrolment.
      #expect(again.certificate.publicKey != credential.certificate.publicKey)
      #expect(await failure { _ = try await enrolment.renew(credential) }?.code == .refused)
    }
  }

  @Test func `a renewal for another key is refused`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      let enrolment = try enrolment(fleet, coordinator)
      let credential = try await enrolment.enrol(fleet.token("node-1"))
      let fresh = try await enrolment.renew(credential)
      #expect(fresh.certificate != credential.certificate)
      #expect(fresh.certificate.publicKey == credential.certificate.publicKey)
      // A certificate that is still good, but not of the key that the node enrolled with last.
      _ = try await fleet.agent("node-1")
      let failure = await failure { _ = try await enrolment.renew(credential) }
      #expect(failure?.code == .refused)
    }
  }

  @Test func `a failing catalog is said without its words`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving { coordinator in
      fleet.registry.state.withLock { $0.failure = "secret path" }
      let failure = await failure {
        _ = try await enrolment(fleet, coordinator).enrol(
          EnrolmentToken(node: NodeID("node-1"), authority: fleet.authority))
      }
      #expect(failure?.code == .unreachable)
      #expect(failure?.message.contains("secret path") == false)
    }
  }

  @Test func `an address that asks too often has to wait`() async throws {
    let fleet = try TestFleet()
    try await fleet.serving(
      adjust: {
        $0.enrolmentBurst = 4
        $0.enrolmentInterval = .seconds(600)
      }
    ) { coordinator in
      var last: EnrolmentFailure?
      for _ in 0..<4 {
        last = await failure {
          _ = try await enrolment(fleet, coordinator).enrol(
            EnrolmentToken(node: NodeID("node-1"), authority: fleet.authority))
        }
      }
      #expect(last?.code == .unreachable)
      #expect(last?.message.contains("too many enrolment calls") == true)
    }
  }
}

extension Credential {
  /// What somebody has who copied an agent's certificate request but not its key.
  init(privateKey: P256.Signing.PrivateKey, fleet: TestFleet, node: String) throws {
    try self.init(
      privateKey: privateKey,
      certificate: fleet.authority.issueAgent(
        NodeID(node), key: Certificate.PublicKey(privateKey.publicKey)),
      trust: fleet.authority.trust)
  }
}
