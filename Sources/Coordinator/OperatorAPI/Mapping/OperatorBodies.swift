internal import CoordinatorCore
internal import Model
internal import OperatorWire

extension OperatorBody {
  init(_ record: OperatorRecord, now: Timestamp) {
    let state: State =
      if record.isRevoked {
        .revoked
      } else if let certificate = record.certificate, certificate.expires > now {
        .valid
      } else {
        .expired
      }
    self.init(
      name: record.name, state: state, issuedAt: record.certificate?.issued,
      expiresAt: record.certificate?.expires, revokedAt: record.revokedAt)
  }
}

extension OperatorCertificateBody {
  init(_ issued: IssuedOperator) {
    self.init(
      name: issued.certificate.name, certificate: issued.pem, expires: issued.certificate.expires)
  }
}
