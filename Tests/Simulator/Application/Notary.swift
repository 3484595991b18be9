import CutProtocol
import Foundation
import Model

/// Signs for all simulated nodes, and remembers what it signed: a certificate is believed when its bytes are among those.
final class Notary: CertificateVerifier, @unchecked Sendable {
  private var known: [Data: HoldStatement] = [:]

  func sign(_ bytes: Data, isForged: Bool) throws -> HoldCertificate {
    if known[bytes] == nil {
      known[bytes] = try CanonicalJSON.decode(HoldStatement.self, from: bytes)
    }
    return HoldCertificate(statement: bytes, signature: Data([isForged ? 0 : 1]), chain: [])
  }

  func statement(_ certificate: HoldCertificate) -> HoldStatement? {
    guard certificate.signature == Data([1]) else { return nil }
    return known[certificate.statement]
  }

  func verified(_ certificate: HoldCertificate) async throws -> HoldStatement {
    guard let statement = statement(certificate) else {
      throw RejectedCertificate("its signature is wrong")
    }
    return statement
  }

  /// The production judgement, without its asynchrony.
  func judge(_ plan: SealedPlan, _ groups: [GroupEvidence]) -> Verdict {
    Grader.judge(
      plan: plan,
      groups: groups.map { group in
        Grader.JudgedGroup(
          group: group.group, fence: group.fence,
          accounts: group.certificates.map { certificate in
            statement(certificate).map(Grader.Account.believed)
              ?? .rejected(known[certificate.statement]?.member, reason: "its signature is wrong")
          }, leftOut: group.leftOut)
      })
  }
}
