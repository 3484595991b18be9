package import Model

/// Which operators' certificates are known, and whose are refused.
package protocol OperatorStore: Sendable {
  /// By name.
  func operators() async throws(CatalogError) -> [OperatorRecord]
  /// Notes a certificate that was issued or shown; one older than the known one changes nothing.
  func note(_ certificate: OperatorCertificate) async throws(CatalogError)
  /// From the return on, certificates of this name that were issued up to `time` are refused; the latest time counts.
  func revoke(operator name: OperatorName, at time: Timestamp) async throws(CatalogError)
  /// Up to when certificates of this name are refused. Asked for every message, so it never waits for a disk.
  func revocation(of name: OperatorName) -> Timestamp?
}

/// What counts of an operator's certificate, besides that the authority signed it.
package struct OperatorCertificate: Hashable, Sendable {
  package var name: OperatorName
  /// To the second.
  package var issued: Timestamp
  package var expires: Timestamp

  package init(name: OperatorName, issued: Timestamp, expires: Timestamp) {
    self.name = name
    self.issued = issued
    self.expires = expires
  }
}

package struct OperatorRecord: Hashable, Sendable {
  package var name: OperatorName
  /// The newest certificate that was issued here or shown; nil for one that was revoked without ever being seen.
  package var certificate: OperatorCertificate?
  package var revokedAt: Timestamp?

  package init(name: OperatorName, certificate: OperatorCertificate?, revokedAt: Timestamp?) {
    self.name = name
    self.certificate = certificate
    self.revokedAt = revokedAt
  }

  /// Whether the newest certificate is refused because of the revocation.
  package var isRevoked: Bool {
    guard let revokedAt else { return false }
    return certificate.map { $0.issued <= revokedAt } ?? true
  }
}
