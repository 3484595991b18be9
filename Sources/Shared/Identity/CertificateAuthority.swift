internal import Crypto
package import Foundation
package import Model
internal import SwiftASN1
package import X509

/// The fleet's certificate authority: one P-256 key that signs every certificate of the fleet.
///
/// Lives in the coordinator's state directory as `authority.key` and `authority.pem`, both 0600.
package struct CertificateAuthority: Sendable {
  /// How long what is issued stays valid.
  package struct Lifetimes: Hashable, Sendable {
    package var agent: Duration
    package var `operator`: Duration
    package var coordinator: Duration

    package init(
      agent: Duration = .seconds(24 * 3600), operator: Duration = .seconds(365 * 24 * 3600),
      coordinator: Duration = .seconds(7 * 24 * 3600)
    ) {
      self.agent = agent
      self.operator = `operator`
      self.coordinator = coordinator
    }
  }

  /// Certificates begin to be valid this long before they are issued, for clocks that are behind.
  package static let backdating = Duration.seconds(300)
  /// How long the authority itself is valid.
  package static let lifetime = Duration.seconds(10 * 365 * 24 * 3600)

  private static let keyFile = "authority.key"
  private static let certificateFile = "authority.pem"

  package let fleet: FleetID
  package let certificate: Certificate
  package let lifetimes: Lifetimes
  let privateKey: P256.Signing.PrivateKey

  /// Loads the authority from `directory`, or makes it when this is the first start.
  ///
  /// The key is written before the certificate, each atomically: a key without a certificate is a first start that
  /// was interrupted, and is finished. A certificate without its key is an error, since a new key would shut out
  /// every agent. Nothing that is unreadable, garbled or of another fleet is ever replaced.
  package static func open(
    directory path: String, fleet: FleetID, lifetimes: Lifetimes = Lifetimes(),
    now: Timestamp = .now()
  ) throws(IdentityError) -> CertificateAuthority {
    let directory = try PrivateDirectory(path: path)
    let keyPath = "\(path)/\(keyFile)"
    let certificatePath = "\(path)/\(certificateFile)"
    let keyBytes = try directory.read(keyFile)
    let certificateBytes = try directory.read(certificateFile)
    let key: P256.Signing.PrivateKey
    if let keyBytes {
      key = try P256.Signing.PrivateKey(pem: keyBytes, what: keyPath)
    } else {
      guard certificateBytes == nil else {
        throw IdentityError(
          .mismatched, "\(certificatePath) is there, but its key \(keyPath) is not",
          hint:
            "restore the key from the coordinator's backup; a new key would shut out every agent"
        )
      }
      key = P256.Signing.PrivateKey()
      try directory.write(keyFile, Data(key.pemRepresentation.utf8))
    }
    guard let certificateBytes else {
      let certificate = try selfSigned(fleet: fleet, key: key, now: now)
      try directory.write(certificateFile, Data(try certificate.pem.utf8))
      return CertificateAuthority(
        fleet: fleet, certificate: certificate, lifetimes: lifetimes, privateKey: key)
    }
    let trust = try FleetTrust(
      pem: String(decoding: certificateBytes, as: UTF8.self), what: certificatePath)
    guard trust.fleet == fleet else {
      throw IdentityError(
        .mismatched, "the authority in \(path) is that of fleet \(trust.fleet), not of \(fleet)",
        hint: "set the fleet's name back, or use another state directory")
    }
    let certificate = trust.authorities[0]
    guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
      throw IdentityError(
        .mismatched, "\(keyPath) is not the key of \(certificatePath)",
        hint: "restore both from the same backup of the coordinator")
    }
    guard now < certificate.notValidAfter.timestamp else {
      throw IdentityError(
        .refused, "the authority in \(path) expired at \(certificate.notValidAfter.timestamp)",
        hint: "check the clock; otherwise move both files away and enrol every agent anew")
    }
    return CertificateAuthority(
      fleet: fleet, certificate: certificate, lifetimes: lifetimes, privateKey: key)
  }

  /// SHA-256 of the authority's subject public key info; what enrolment tokens carry.
  package var pin: Data { certificate.publicKeyHash }

  package var trust: FleetTrust {
    get throws(IdentityError) { try FleetTrust(fleet: fleet, certificates: [certificate]) }
  }

  private static func selfSigned(fleet: FleetID, key: P256.Signing.PrivateKey, now: Timestamp)
    throws(IdentityError) -> Certificate
  {
    do {
      let name = try DistinguishedName {
        OrganizationName("Stillpoint")
        CommonName("authority of \(fleet)")
      }
      let publicKey = Certificate.PublicKey(key.publicKey)
      return try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
        notValidBefore: Date(now - backdating), notValidAfter: Date(now + lifetime),
        issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true))
          SubjectKeyIdentifier(hash: publicKey)
          SubjectAlternativeNames([.uniformResourceIdentifier(fleet.authorityURI)])
        },
        issuerPrivateKey: Certificate.PrivateKey(key))
    } catch {
      throw IdentityError(.malformed, "the authority of \(fleet) cannot be made: \(error)")
    }
  }
}

extension P256.Signing.PrivateKey {
  /// Reads a PEM key; the error names `what` and never quotes the file.
  init(pem bytes: Data, what: String) throws(IdentityError) {
    do {
      try self.init(pemRepresentation: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw IdentityError(
        .malformed, "\(what) is no PEM private key on P-256",
        hint: "restore it from a backup; it is never replaced by itself")
    }
  }
}
