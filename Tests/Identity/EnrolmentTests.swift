import Crypto
import Foundation
import Identity
import Model
import Testing
import X509

struct EnrolmentTests {
  let scratch: ScratchDirectory
  let authority: CertificateAuthority

  init() throws {
    scratch = try ScratchDirectory()
    authority = try scratch.authority()
  }

  @Test func `a token survives its text form and carries node, secret and pin`() throws {
    let token = EnrolmentToken(node: try NodeID("node-1.rack-2"), authority: authority)
    let read = try EnrolmentToken(text: " \(token.text)\n")
    #expect(read == token)
    #expect(read.pin == authority.certificate.publicKeyHash)
    #expect(read.secret.count * 8 >= 128)
    #expect(read.hash == Data(SHA256.hash(data: read.secret)))
  }

  @Test func `no two tokens share a secret, and none shows it`() throws {
    let node = try NodeID("node-1")
    let tokens = (0..<20).map { _ in EnrolmentToken(node: node, authority: authority) }
    #expect(Set(tokens.map(\.secret)).count == 20)
    let secret = tokens[0].text.split(separator: ":")[2]
    #expect(!"\(tokens[0])".contains(secret))
  }

  @Test func `a token that was cut or changed is refused without quoting it`() throws {
    let text = EnrolmentToken(node: try NodeID("node-1"), authority: authority).text
    let parts = text.split(separator: ":").map(String.init)
    for broken in [
      "", "hello", String(text.dropLast(3)), parts.dropLast().joined(separator: ":"),
      text + ":x", "spt2" + text.dropFirst(4), "spt1:NODE:\(parts[2]):\(parts[3])",
      "spt1:node-1:\(parts[2].dropLast(2)):\(parts[3])", String(repeating: "a", count: 10_000),
    ] {
      let said = try #require(message { _ = try EnrolmentToken(text: broken) })
      #expect(said.contains("enrolment token is malformed"))
      #expect(!said.contains(parts[2]))
    }
  }

  @Test func `a request proves its key, and a changed one does not`() throws {
    let key = P256.Signing.PrivateKey()
    let request = try SigningRequest.make(key: key)
    #expect(try SigningRequest.provenKey(request) == .init(key.publicKey))
    for index in [20, 100, request.count - 5] {
      var changed = request
      changed[index] ^= 1
      #expect(throws: IdentityError.self) { try SigningRequest.provenKey(changed) }
    }
    #expect(throws: IdentityError.self) { try SigningRequest.provenKey(Data()) }
    #expect(throws: IdentityError.self) { try SigningRequest.provenKey(request.dropLast(9)) }
    #expect(
      message { _ = try SigningRequest.provenKey(Data(count: 5000)) }?.contains("limit") == true)
  }

  @Test func `a request with another kind of key is refused`() throws {
    let request = try CertificateSigningRequest(
      version: .v1, subject: DistinguishedName(),
      privateKey: .init(P384.Signing.PrivateKey()), attributes: .init(),
      signatureAlgorithm: .ecdsaWithSHA384)
    let der = try Data(request.der())
    #expect(message { _ = try SigningRequest.provenKey(der) }?.contains("P-256") == true)
  }

  @Test func `a rejoin proof holds for one challenge, fleet, node and key`() throws {
    let fleet = try FleetID("shop")
    let node = try NodeID("node-1")
    let key = P256.Signing.PrivateKey()
    let now = Timestamp.now()
    let challenge = ChallengeMaker().make(for: node, now: now)
    let proof = try RejoinProof.make(challenge: challenge, fleet: fleet, node: node, key: key)
    func holds(
      _ challenge: Data, _ fleet: String, _ node: String, _ key: P256.Signing.PrivateKey
    ) throws -> Bool {
      RejoinProof.isValid(
        proof, challenge: challenge, fleet: try FleetID(fleet), node: try NodeID(node),
        key: .init(key.publicKey))
    }
    #expect(try holds(challenge, "shop", "node-1", key))
    #expect(try !holds(ChallengeMaker().make(for: node, now: now), "shop", "node-1", key))
    #expect(try !holds(challenge, "bank", "node-1", key))
    #expect(try !holds(challenge, "shop", "node-2", key))
    #expect(try !holds(challenge, "shop", "node-1", P256.Signing.PrivateKey()))
  }

  @Test func `a challenge is good for its node, for a minute and for its maker only`() throws {
    let maker = ChallengeMaker()
    let node = try NodeID("node-1")
    let now = Timestamp.now()
    let challenge = maker.make(for: node, now: now)
    #expect(maker.isFresh(challenge, for: node, now: now))
    #expect(maker.isFresh(challenge, for: node, now: now + .seconds(59)))
    #expect(!maker.isFresh(challenge, for: node, now: now + .seconds(60)))
    #expect(!maker.isFresh(challenge, for: try NodeID("node-2"), now: now))
    #expect(!ChallengeMaker().isFresh(challenge, for: node, now: now))
    #expect(!maker.isFresh(challenge.dropLast(), for: node, now: now))
    var later = challenge
    later[1] ^= 1
    #expect(!maker.isFresh(later, for: node, now: now))
  }
}
