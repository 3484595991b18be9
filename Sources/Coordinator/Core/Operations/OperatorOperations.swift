package import Foundation
package import Model

/// The operators' identities.
package protocol OperatorOperations: Sendable {
  /// Throws `forbidden` when the certificate is refused. Asked for every message, on open streams too.
  func admit(_ certificate: OperatorCertificate) async throws(OperationError)
  func operators() async throws(OperationError) -> [OperatorRecord]
  /// A certificate for a new operator and the key that `request`, DER of PKCS #10, proves. Throws `conflict` while
  /// there is an operator of that name.
  func createOperator(_ name: OperatorName, request: Data, author: String)
    async throws(OperationError) -> IssuedOperator
  /// A new certificate for the caller itself; the earlier one stays valid until it expires.
  func renewOperator(_ name: OperatorName, request: Data, author: String)
    async throws(OperationError) -> IssuedOperator
  /// Refuses every certificate of that name from the next message on; a later one counts again.
  func revokeOperator(_ name: OperatorName, author: String) async throws(OperationError)
    -> OperatorRecord
}

package struct IssuedOperator: Hashable, Sendable {
  package var certificate: OperatorCertificate
  package var pem: String

  package init(certificate: OperatorCertificate, pem: String) {
    self.certificate = certificate
    self.pem = pem
  }
}
