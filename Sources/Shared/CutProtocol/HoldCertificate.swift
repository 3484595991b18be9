package import Foundation

/// A hold statement with the signature of the agent that saw it, both as the exact bytes that were made.
package struct HoldCertificate: Hashable, Codable, Sendable {
  /// Canonical JSON of a `HoldStatement`.
  package var statement: Data
  /// ECDSA P-256 with SHA-256 over `statement`, DER.
  package var signature: Data
  /// The agent's certificate chain, leaf first, DER each; the leaf's key made `signature`.
  package var chain: [Data]

  package init(statement: Data, signature: Data, chain: [Data]) {
    self.statement = statement
    self.signature = signature
    self.chain = chain
  }

  /// The statement, not yet believed: only a `CertificateVerifier` tells whether the signature holds.
  package func decoded() throws -> HoldStatement {
    try CanonicalJSON.decode(HoldStatement.self, from: statement)
  }
}

/// Signs statements with the agent's current identity.
package protocol StatementSigner: Sendable {
  /// Throws when the identity has no usable key.
  func sign(_ statement: Data) async throws -> HoldCertificate
}

/// Judges whether a certificate's signature was made by the agent of the node it names, in this fleet.
package protocol CertificateVerifier: Sendable {
  /// The statement when signature, chain and node name agree; otherwise throws a `RejectedCertificate`.
  func verified(_ certificate: HoldCertificate) async throws -> HoldStatement
}

/// Why a certificate is not believed, in words that complete "certificate of orders: …".
package struct RejectedCertificate: Error, Equatable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}
