import Crypto
import CutProtocol
import Foundation
import Identity
import Model
import Testing
import X509

struct HoldCertificateTests {
  let scratch: ScratchDirectory
  let authority: CertificateAuthority
  let verifier: FleetCertificateVerifier

  init() throws {
    scratch = try ScratchDirectory()
    authority = try scratch.authority()
    verifier = FleetCertificateVerifier(trust: try authority.trust)
  }

  private func signed(_ statement: HoldStatement, by credential: Credential) async throws
    -> HoldCertificate
  {
    try await AgentStatementSigner(HeldCredential(credential)).sign(
      CanonicalJSON.encode(statement))
  }

  private func rejection(_ certificate: HoldCertificate) async -> String? {
    await message { _ = try await verifier.verified(certificate) }
  }

  @Test func `a statement of the node's own agent is believed`() async throws {
    let made = try statement()
    let certificate = try await signed(made, by: authority.agent("node-1"))
    #expect(try await verifier.verified(certificate) == made)
  }

  @Test func `it is believed from exported bytes on a machine that has only the authority`()
    async throws
  {
    let made = try statement()
    let certificate = try await signed(made, by: authority.agent("node-1"))
    let bytes = try JSONEncoder().encode(certificate)
    let offline = try FleetCertificateVerifier(
      fleet: FleetID("shop"), authorities: [try authority.issueCoordinator().chain[1]])
    let read = try JSONDecoder().decode(HoldCertificate.self, from: bytes)
    #expect(try await offline.verified(read) == made)
  }

  @Test func `a hold of a time when the signer's certificate was valid stays believed`()
    async throws
  {
    let old = Timestamp.now() - .seconds(90 * 24 * 3600)
    let early = try ScratchDirectory()
    let authority = try early.authority(now: old - .seconds(3600))
    let certificate = try await signed(
      statement(heldAt: old + .seconds(60)), by: authority.agent("node-1", now: old))
    let verifier = FleetCertificateVerifier(trust: try authority.trust)
    #expect(try await verifier.verified(certificate).node == NodeID("node-1"))
  }

  @Test func `the validity is judged with five minutes of tolerance`() async throws {
    let agent = try authority.agent("node-1")
    let inside = try await signed(statement(heldAt: agent.notAfter + .seconds(299)), by: agent)
    let outside = try await signed(statement(heldAt: agent.notAfter + .seconds(301)), by: agent)
    let before = try await signed(statement(heldAt: agent.notBefore - .seconds(301)), by: agent)
    #expect(await rejection(inside) == nil)
    #expect(await rejection(outside)?.contains("the signer's certificate is valid") == true)
    #expect(await rejection(before)?.contains("the signer's certificate is valid") == true)
  }

  @Test func `another node's agent is not believed`() async throws {
    let certificate = try await signed(statement(), by: authority.agent("node-2"))
    let text = await rejection(certificate)
    #expect(text == "it names node node-1, but was signed by spiffe://shop/agent/node-2")
  }

  @Test func `an operator, a coordinator and another fleet are not believed`() async throws {
    let bank = try scratch.authority("bank")
    for credential in [
      try authority.issueOperator(OperatorName("node-1")), try authority.issueCoordinator(),
      try bank.agent("node-1"), try ScratchDirectory().authority().agent("node-1"),
    ] {
      let certificate = try await signed(statement(), by: credential)
      #expect(await rejection(certificate) != nil)
    }
    let foreign = try await signed(statement(fleet: "bank"), by: authority.agent("node-1"))
    #expect(await rejection(foreign)?.contains("is of fleet bank") == true)
  }

  @Test func `a changed statement, signature or chain is not believed`() async throws {
    let good = try await signed(statement(), by: authority.agent("node-1"))
    var statement = good
    statement.statement[10] ^= 1
    var signature = good
    signature.signature[signature.signature.count - 1] ^= 1
    var chain = good
    chain.chain = [try authority.agent("node-1").chain[0]]
    var empty = good
    empty.chain = []
    var garbage = good
    garbage.chain = [Data([1, 2, 3])]
    var long = good
    long.chain = Array(repeating: good.chain[0], count: 5)
    for bad in [statement, signature, chain, empty, garbage, long] {
      #expect(await rejection(bad) != nil)
    }
  }

  @Test func `random bytes are rejected and never crash`() async throws {
    var generator = SystemRandomNumberGenerator()
    func bytes(_ count: Int) -> Data {
      Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
    for size in 0..<60 {
      let certificate = HoldCertificate(
        statement: bytes(size), signature: bytes(size), chain: [bytes(size * 4)])
      #expect(await rejection(certificate) != nil)
    }
  }
}
