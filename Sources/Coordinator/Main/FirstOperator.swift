internal import CoordinatorCore
internal import Identity
internal import Model

/// The identity by which a new fleet's first operator comes in.
struct FirstOperator {
  let files: OperatorFiles
  let authority: CertificateAuthority
  let operators: any OperatorStore

  /// Writes the identity unless the fleet ever had an operator, and tells whether it did.
  ///
  /// Once only: the files are meant to be taken away, and must not come into being again.
  func issueOnce(server: String) async throws -> Bool {
    guard try files.areMissing, try await operators.operators().isEmpty else { return false }
    let name = try OperatorName("admin")
    let issued = try authority.issueOperator(name)
    try files.write(issued, server: server)
    try await operators.note(
      OperatorCertificate(
        name: name, issued: issued.certificate.issuedAt, expires: issued.certificate.expiresAt))
    return true
  }
}
