internal import Crypto
package import CutProtocol
package import Foundation

/// Signs hold statements with the agent's own key: ECDSA on P-256 with SHA-256 over the statement's bytes.
package struct AgentStatementSigner: StatementSigner {
  private let credential: HeldCredential

  package init(_ credential: HeldCredential) { self.credential = credential }

  /// Signs even after the certificate has expired: the statement says when the hold was, and the verifier judges.
  package func sign(_ statement: Data) async throws -> HoldCertificate {
    let credential = credential.current
    let signature = try credential.privateKey.signature(for: statement)
    return HoldCertificate(
      statement: statement, signature: signature.derRepresentation,
      chain: [try credential.certificate.der])
  }
}
