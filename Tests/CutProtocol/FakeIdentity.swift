import CutProtocol
import Foundation
import Model

/// Signs with a node's name instead of a key: enough to tell a statement that was changed, or signed by another node, from a true one.
struct FakeIdentity: StatementSigner, CertificateVerifier {
  let node: NodeID

  func certify(_ statement: HoldStatement) throws -> HoldCertificate {
    signed(try CanonicalJSON.encode(statement))
  }

  func sign(_ statement: Data) async throws -> HoldCertificate { signed(statement) }

  func verified(_ certificate: HoldCertificate) async throws -> HoldStatement {
    let statement = try certificate.decoded()
    let expected = FakeIdentity(node: statement.node).signed(certificate.statement)
    guard certificate == expected else {
      throw RejectedCertificate("its signature is not that of \(statement.node)")
    }
    return statement
  }

  private func signed(_ statement: Data) -> HoldCertificate {
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in Array(node.text.utf8) + Array(statement) {
      digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return HoldCertificate(
      statement: statement, signature: Data(String(digest, radix: 16).utf8),
      chain: [Data(node.text.utf8)])
  }
}
