package import Foundation
package import Model

/// An operator and the newest certificate that the coordinator has issued or seen.
package struct OperatorBody: Codable, Hashable, Sendable {
  package enum State: String, Codable, Hashable, Sendable {
    case valid, expired, revoked
  }

  package var name: OperatorName
  package var state: State
  /// Absent for an operator that was revoked before a certificate was seen.
  package var issuedAt: Timestamp?
  package var expiresAt: Timestamp?
  /// Certificates issued up to here are refused.
  package var revokedAt: Timestamp?

  package init(
    name: OperatorName, state: State, issuedAt: Timestamp?, expiresAt: Timestamp?,
    revokedAt: Timestamp?
  ) {
    self.name = name
    self.state = state
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
    self.revokedAt = revokedAt
  }
}

/// `POST /v1/operators`
package struct CreateOperator: RequestDocument, Hashable {
  package static let keys: Set<String> = ["name", "request"]
  package var name: OperatorName
  /// A certificate request in DER (PKCS #10), which proves the new operator's key; base64 in JSON.
  package var request: Data

  package init(name: OperatorName, request: Data) {
    self.name = name
    self.request = request
  }
}

/// `POST /v1/operators/{operator}/renew`
package struct RenewOperator: RequestDocument, Hashable {
  package static let keys: Set<String> = ["request"]
  package var request: Data

  package init(request: Data) { self.request = request }
}

/// A certificate for the key of the request.
package struct OperatorCertificateBody: Codable, Hashable, Sendable {
  package var name: OperatorName
  /// PEM.
  package var certificate: String
  package var expires: Timestamp

  package init(name: OperatorName, certificate: String, expires: Timestamp) {
    self.name = name
    self.certificate = certificate
    self.expires = expires
  }
}
