import Crypto
import Foundation
import Identity
import Model
import Testing
import X509

struct FleetTrustTests {
  let scratch: ScratchDirectory
  let authority: CertificateAuthority
  let trust: FleetTrust

  init() throws {
    scratch = try ScratchDirectory()
    authority = try scratch.authority()
    trust = try authority.trust
  }

  private func refusal(
    _ chain: [Certificate], roles: Set<PeerIdentity.Role> = [.agent], at time: Timestamp = .now()
  ) async -> String? {
    await message { _ = try await trust.identity(of: chain, at: time, roles: roles) }
  }

  @Test func `every role is known by its certificate`() async throws {
    for credential in [
      try authority.agent("node-1"), try authority.issueOperator(OperatorName("ada")),
      try authority.issueCoordinator(),
    ] {
      let identity = try await trust.identity(
        of: [credential.certificate], at: .now(), roles: [credential.identity.role])
      #expect(identity == credential.identity)
    }
  }

  @Test func `the same name signed by another authority is refused`() async throws {
    let impostor = try ScratchDirectory().authority()
    let text = await refusal([try impostor.agent("node-1").certificate, impostor.certificate])
    #expect(text?.contains("was not signed by the authority of fleet shop") == true)
  }

  @Test func `a certificate of another fleet is refused by name`() async throws {
    let text = await refusal([try scratch.authority("bank").agent("node-1").certificate])
    #expect(text == "certificate spiffe://bank/agent/node-1 is of fleet bank, not of shop")
  }

  @Test func `an agent is no operator and an operator no coordinator`() async throws {
    let agent = try authority.agent("node-1").certificate
    let person = try authority.issueOperator(OperatorName("ada")).certificate
    #expect(await refusal([agent], roles: [.operator])?.contains("expected role") == true)
    #expect(await refusal([person], roles: [.coordinator])?.contains("expected role") == true)
  }

  @Test func `an expired and a future certificate are refused with their dates`() async throws {
    let agent = try authority.agent("node-1")
    let late = await refusal([agent.certificate], at: agent.notAfter + .seconds(1))
    let early = await refusal([agent.certificate], at: agent.notBefore - .seconds(1))
    #expect(late?.contains("expired at \(agent.notAfter)") == true)
    #expect(early?.contains("is not valid before \(agent.notBefore)") == true)
  }

  @Test func `the authority itself is nobody, and neither is an empty chain`() async throws {
    #expect(await refusal([authority.certificate]) != nil)
    #expect(await refusal([]) == "no certificate was presented")
  }

  @Test func `an agent cannot sign for another node`() async throws {
    let agent = try authority.agent("node-1")
    let forged = try forge(.agent(trust.fleet, NodeID("node-2")), by: agent)
    let text = await refusal([forged, agent.certificate, authority.certificate])
    #expect(text?.contains("was not signed by the authority") == true)
  }

  @Test func `a use that was not granted is refused`() async throws {
    let key = P256.Signing.PrivateKey()
    let bare = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
      notValidBefore: Date() - 60, notValidAfter: Date() + 60,
      issuer: authority.certificate.subject, subject: DistinguishedName(),
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames([.uniformResourceIdentifier("spiffe://shop/agent/node-1")])
      }, issuerPrivateKey: .init(key))
    #expect(await refusal([bare])?.contains("was not issued for") == true)
  }

  @Test(arguments: [
    "https://shop/agent/n", "spiffe://shop", "spiffe://shop/agent", "spiffe://shop/agent/n/x",
    "spiffe://shop/agent/", "spiffe:///agent/n", "spiffe://shop/robot/n", "spiffe://shop/agent/N",
    "spiffe://shop/agent/a%20b", "spiffe://shop/coordinator/x", "",
  ])
  func `any other name is no identity`(_ uri: String) {
    #expect(throws: IdentityError.self) { try PeerIdentity(uri: uri) }
  }

  @Test func `bytes that are no certificate are refused in words`() {
    #expect(
      message { _ = try PeerIdentity(certificateDER: [1, 2, 3]) }?.contains("malformed") == true)
  }

  /// A certificate that an agent signs with its own key, as a thief of that key could.
  private func forge(_ identity: PeerIdentity, by agent: Credential) throws -> Certificate {
    try Certificate(
      version: .v3, serialNumber: .init(), publicKey: agent.certificate.publicKey,
      notValidBefore: Date() - 60, notValidAfter: Date() + 60,
      issuer: agent.certificate.subject, subject: DistinguishedName(),
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        try ExtendedKeyUsage([.clientAuth])
        SubjectAlternativeNames([.uniformResourceIdentifier(identity.uri)])
      }, issuerPrivateKey: .init(agent.privateKey))
  }
}
