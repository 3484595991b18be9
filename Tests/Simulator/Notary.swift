import CutProtocol
import Foundation
import Model

/// Signs for all simulated nodes, and remembers what it signed: a certificate is believed when its bytes are among those.
final class Notary {
  private var known: [Data: HoldStatement] = [:]

  func sign(_ statement: HoldStatement, forged: Bool) -> HoldCertificate {
    let bytes: Data
    do {
      bytes = try CanonicalJSON.encode(statement)
    } catch {
      preconditionFailure("\(statement) cannot be encoded: \(error)")
    }
    known[bytes] = statement
    return HoldCertificate(statement: bytes, signature: Data([forged ? 0 : 1]), chain: [])
  }

  func verify(_ certificate: HoldCertificate) -> HoldStatement? {
    guard certificate.signature == Data([1]) else { return nil }
    return known[certificate.statement]
  }

  /// Judges as `Grader.verdict(of:verifier:)` does, without its asynchrony.
  func judge(_ plan: SealedPlan, _ groups: [GroupEvidence]) -> Verdict {
    Grader.judge(
      plan: plan,
      groups: groups.map { group in
        Grader.JudgedGroup(
          group: group.group, fence: group.fence,
          accounts: group.certificates.map { certificate in
            verify(certificate).map(Grader.Account.believed)
              ?? .rejected(known[certificate.statement]?.member, reason: "its signature is wrong")
          }, leftOut: group.leftOut)
      })
  }
}
