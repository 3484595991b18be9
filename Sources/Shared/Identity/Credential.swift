package import Crypto
package import Foundation
package import Model
internal import SwiftASN1
package import X509

/// A key with the certificate that was issued for it, and the authority that issued it. Describes itself without
/// the key.
package struct Credential: Sendable, CustomStringConvertible {
  package let privateKey: P256.Signing.PrivateKey
  package let certificate: Certificate
  package let trust: FleetTrust
  package let identity: PeerIdentity

  /// Throws `.mismatched` when the key is not the certificate's, `.refused` when the certificate names nobody.
  package init(
    privateKey: P256.Signing.PrivateKey, certificate: Certificate, trust: FleetTrust
  ) throws(IdentityError) {
    guard Certificate.PublicKey(privateKey.publicKey) == certificate.publicKey else {
      throw IdentityError(.mismatched, "the private key is not the certificate's")
    }
    self.identity = try PeerIdentity(certificate: certificate)
    guard identity.fleet == trust.fleet else {
      throw IdentityError(
        .mismatched,
        "certificate \(identity.uri) does not belong to the authority of fleet \(trust.fleet)")
    }
    self.privateKey = privateKey
    self.certificate = certificate
    self.trust = trust
  }

  package var description: String {
    "\(identity.uri), valid until \(notAfter), key <redacted>"
  }

  package var notBefore: Timestamp { certificate.notValidBefore.timestamp }
  package var notAfter: Timestamp { certificate.notValidAfter.timestamp }

  package func isValid(at time: Timestamp) -> Bool { time >= notBefore && time < notAfter }

  /// When to renew: half of the life that counts from the issue, later by up to a tenth of it as `jitter`
  /// (0 to 1) says, so that a fleet that was enrolled at once does not renew at once.
  package func renewal(jitter: Double) -> Timestamp {
    let issued = notBefore + CertificateAuthority.backdating
    let life = max(notAfter - issued, .zero)
    return issued + life * (0.5 + 0.1 * min(max(jitter, 0), 1))
  }

  /// The leaf and the authority that signed it, DER each: what is presented to a peer.
  package var chain: [Data] {
    get throws(IdentityError) {
      [try certificate.der]
        + (try trust.authorities.map { authority throws(IdentityError) in
          try authority.der
        })
    }
  }

  package var privateKeyPEM: String { privateKey.pemRepresentation }
  package var certificatePEM: String { get throws(IdentityError) { try certificate.pem } }
  package var authorityPEM: String { get throws(IdentityError) { try trust.pem } }
}

extension FleetTrust {
  /// Every authority certificate, one PEM after the other.
  package var pem: String {
    get throws(IdentityError) {
      try authorities.map { authority throws(IdentityError) in try authority.pem }.joined(
        separator: "\n") + "\n"
    }
  }

  /// Reads PEM; the fleet is the one that the first certificate names. `what` names the source in errors.
  package init(pem: String, what: String) throws(IdentityError) {
    let certificates: [Certificate]
    do {
      certificates = try PEMDocument.parseMultiple(pemString: pem).map {
        try Certificate(pemDocument: $0)
      }
    } catch {
      throw IdentityError(.malformed, "\(what) is no PEM certificate: \(error)")
    }
    guard let first = certificates.first else {
      throw IdentityError(.malformed, "\(what) holds no certificate")
    }
    try self.init(fleet: FleetID(authority: first), certificates: certificates)
  }
}

extension Certificate {
  var pem: String {
    get throws(IdentityError) {
      do {
        return try serializeAsPEM().pemString
      } catch {
        throw IdentityError(.malformed, "the certificate cannot be written: \(error)")
      }
    }
  }
}
