package import Foundation
package import Model
package import X509

extension CertificateAuthority {
  /// A certificate for an operator and the key that the request (PKCS #10, DER) proves.
  package func issueOperator(_ name: OperatorName, request: Data, now: Timestamp)
    throws(IdentityError) -> (certificate: Certificate, pem: String)
  {
    let certificate = try issue(
      .operatorNamed(fleet, name), key: try SigningRequest.provenKey(request),
      lifetime: lifetimes.operator, now: now)
    return (certificate, try certificate.pem)
  }
}

extension Certificate {
  /// When it was issued, to the second; its validity begins earlier, for clocks that are behind.
  package var issuedAt: Timestamp { notValidBefore.timestamp + CertificateAuthority.backdating }
  package var expiresAt: Timestamp { notValidAfter.timestamp }
}
