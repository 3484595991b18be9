import Foundation
import Model
import Testing

@testable import CutProtocol

/// Evidence as it is stored and exported: bytes that nobody has to believe.
@Suite struct GraderEvidenceTests {
  private let verifier = FakeIdentity(node: NodeID(accepted: "verifier"))

  private func evidence(_ change: (inout [HoldCertificate]) throws -> Void = { _ in }) throws
    -> BackupEvidence
  {
    let good = try GraderCase()
    var certificates = try good.statements.map { try FakeIdentity(node: $0.node).certify($0) }
    try change(&certificates)
    return BackupEvidence(
      plan: good.sealed.bytes,
      groups: [GroupEvidence(group: 0, fence: Fixture.fence, certificates: certificates)],
      authorities: [], recorded: nil)
  }

  @Test func `certificates that are believed prove what their statements say`() async throws {
    let verdict = await Grader.verdict(of: try evidence(), verifier: verifier)
    #expect(verdict == (try GraderCase().verdict))
  }

  @Test func `the verdict survives export and import`() async throws {
    let exported = try CanonicalJSON.encode(evidence())
    let imported = try CanonicalJSON.decode(BackupEvidence.self, from: exported)
    #expect(
      await Grader.verdict(of: imported, verifier: verifier)
        == (await Grader.verdict(of: try evidence(), verifier: verifier)))
  }

  @Test func `a statement that was changed after it was signed is not believed`() async throws {
    let evidence = try evidence { certificates in
      var statement = try certificates[0].decoded()
      statement.tokensAtHold = []
      statement.tokensBeforeThaw = []
      certificates[0].statement = try CanonicalJSON.encode(statement)
    }
    let finding = "its certificate is not believed: its signature is not that of node-orders"
    #expect(
      await Grader.verdict(of: evidence, verifier: verifier)
        == GraderCase.lowered(.unproven, finding))
  }

  @Test func `a statement that another node signed is not believed`() async throws {
    let evidence = try evidence { certificates in
      let intruder = FakeIdentity(node: NodeID(accepted: "node-x"))
      certificates[0] = try intruder.certify(certificates[0].decoded())
    }
    #expect(await Grader.verdict(of: evidence, verifier: verifier).grade == .unproven)
  }

  @Test func `a plan that was exchanged belongs to no certificate`() async throws {
    var evidence = try evidence()
    evidence.plan = try GraderCase(policy: .bestEffort).sealed.bytes
    let verdict = await Grader.verdict(of: evidence, verifier: verifier)
    #expect(verdict.grade == .unproven)
    #expect(verdict.sentence == "orders: its certificate belongs to another backup's plan")
  }

  @Test func `evidence that cannot be read proves nothing and says so`() async throws {
    var unreadable = try evidence()
    unreadable.plan = Data("not a plan".utf8)
    #expect(
      await Grader.verdict(of: unreadable, verifier: verifier)
        == Verdict(
          grade: .unproven, drained: false, sentence: "the plan in the evidence is not readable"))
    var newer = try evidence()
    newer.version = 2
    #expect(
      await Grader.verdict(of: newer, verifier: verifier)
        == Verdict(
          grade: .unproven, drained: false,
          sentence: "evidence has version 2, which this program cannot judge"))
  }
}
