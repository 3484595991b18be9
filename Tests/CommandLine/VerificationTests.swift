internal import CommandLineKit
internal import CutProtocol
internal import Foundation
internal import Identity
internal import Model
internal import OperatorFakes
internal import OperatorWire
internal import Testing

@Suite struct `Verifying an exported backup` {
  /// An exported document and its authority's fingerprint.
  private func exported(requires: Grade = .applicationConsistent) async throws -> (
    text: String, authority: AuthorityFingerprint
  ) {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "stillpoint-verify-\(UUID().uuidString)")
    defer {
      // What is left in the temporary directory harms nobody.
      try? FileManager.default.removeItem(at: directory)
    }
    let authority = try CertificateAuthority.open(
      directory: directory.path, fleet: Example.fleet)
    let evidence = try await Example.evidence(authority, requires: requires)
    return (
      try EvidenceDocument(evidence).text(),
      AuthorityFingerprint(certificate: evidence.authorities[0])
    )
  }

  private func verify(_ text: String, _ authority: AuthorityFingerprint? = nil) async throws
    -> OfflineVerification
  {
    try await OfflineVerification(
      document: Data(text.utf8), named: "shop.json", authority: authority)
  }

  @Test func `needs nothing but the file`() async throws {
    let (text, authority) = try await exported()
    let verification = try await verify(text)
    #expect(verification.verdict.grade == .applicationConsistent)
    #expect(verification.status == .done)
    #expect(
      verification.text == """
        backup:    shop-20260304-050607
        grade:     application-consistent
        required:  application-consistent: met
        because:   orders, payments were all held at the instant of one witness, and every snapshot was cut inside its member's hold

        MEMBER    NODE    HELD FOR  SNAPSHOTS
        orders    node-1  43.0 ms   /var/lib/orders → snap-orders
        payments  node-2  43.0 ms   /var/lib/payments → snap-payments

        authority of fleet prod: \(authority)
        The file brings its own authority: compare the fingerprint with one that you know from elsewhere,
        for example from the ca.pem of an operator of the fleet:
          openssl x509 -in ca.pem -noout -fingerprint -sha256
        and then let --authority FINGERPRINT check it.

        """)
  }

  @Test func `with a known authority believes only that one`() async throws {
    let (text, authority) = try await exported()
    let verification = try await verify(text, authority)
    #expect(verification.compared)
    #expect(verification.text.hasSuffix("this is the authority that --authority names\n"))
    let other = AuthorityFingerprint(certificate: Data("other".utf8))
    await #expect {
      try await verify(text, other)
    } throws: { error in
      guard let failure = error as? CommandFailure else { return false }
      return failure.kind == .identity
        && failure.message
          == "shop.json comes from another authority: it carries \(authority), not \(other)"
    }
  }

  @Test func `finds every changed byte of what was signed`() async throws {
    let (text, _) = try await exported()
    var evidence = try JSONDecoder().decode(BackupEvidence.self, from: Data(text.utf8))
    let statement = evidence.groups[0].certificates[0].statement
    let changed = String(decoding: statement, as: UTF8.self)
      .replacing("snap-orders", with: "snap-others")
    evidence.groups[0].certificates[0].statement = Data(changed.utf8)
    let verification = try await verify(EvidenceDocument(evidence).text())
    #expect(verification.verdict.grade == .unproven)
    #expect(verification.status == .gradeNotMet)
    #expect(
      verification.verdict.sentence.hasPrefix("orders: its certificate is not believed: "))
    #expect(
      verification.text.contains("note: the coordinator recorded application-consistent: "))
  }

  @Test func `never looks at the readable part`() async throws {
    let (text, _) = try await exported()
    var document = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    document["readable"] = ["plan": "nonsense", "statements": 7]
    let changed = String(
      decoding: try JSONSerialization.data(withJSONObject: document), as: UTF8.self)
    #expect(try await verify(changed).verdict.grade == .applicationConsistent)
  }

  @Test func `refuses what is no evidence and says what it is`() async throws {
    let (text, _) = try await exported()
    let cases = [
      ("", "shop.json is empty"),
      (
        String(text.prefix(text.count / 2)),
        "shop.json is not complete JSON: it may have been cut off or changed"
      ),
      ("garbage", "shop.json is not complete JSON: it may have been cut off or changed"),
      ("{}", "shop.json is no evidence of a backup, or damaged"),
      ("[1, 2]", "shop.json is no evidence of a backup, or damaged"),
      (
        text.replacing(/"plan" : "[A-Za-z0-9+\/=]+"/, with: #""plan" : "AAAA""#),
        "shop.json is damaged: the plan in it cannot be read"
      ),
    ]
    for (text, message) in cases {
      await #expect {
        try await verify(text)
      } throws: { ($0 as? CommandFailure)?.message == message }
    }
  }

  @Test func `without an authority or with another's is refused`() async throws {
    let (text, _) = try await exported()
    var evidence = try JSONDecoder().decode(BackupEvidence.self, from: Data(text.utf8))
    evidence.authorities = []
    await #expect {
      try await verify(EvidenceDocument(evidence).text())
    } throws: {
      ($0 as? CommandFailure)?.message.hasPrefix(
        "shop.json carries no usable authority of fleet prod: ") == true
    }
    let (foreign, _) = try await exported()
    let other = try JSONDecoder().decode(BackupEvidence.self, from: Data(foreign.utf8))
    evidence.authorities = other.authorities
    let verification = try await verify(EvidenceDocument(evidence).text())
    #expect(verification.verdict.grade == .unproven)
  }
}
