internal import Crypto
package import Foundation
package import Model
internal import SwiftASN1
@_spi(FixedExpiryValidationTime) package import X509

/// The fleet's authority certificates, and the judgement whether a peer's certificate is believed.
package struct FleetTrust: Sendable {
  package let fleet: FleetID
  package let authorities: [Certificate]

  /// `authorities` are DER. Throws `.malformed` for bytes that are no certificate, `.mismatched` for an authority
  /// of another fleet.
  package init(fleet: FleetID, authorities: [Data]) throws(IdentityError) {
    try self.init(
      fleet: fleet,
      certificates: authorities.map { der throws(IdentityError) in
        try Certificate(der: der, what: "the authority's certificate")
      })
  }

  package init(fleet: FleetID, certificates: [Certificate]) throws(IdentityError) {
    guard !certificates.isEmpty else {
      throw IdentityError(.malformed, "no authority certificate was given for fleet \(fleet)")
    }
    for certificate in certificates {
      let found = try FleetID(authority: certificate)
      guard found == fleet else {
        throw IdentityError(
          .mismatched, "the authority's certificate is of fleet \(found), not of \(fleet)")
      }
    }
    self.fleet = fleet
    self.authorities = certificates
  }

  /// Whose certificate `chain` is (leaf first), when an authority of the fleet signed it, it was valid at `time`,
  /// was issued for its use and names one of `roles`. Otherwise throws `.refused` and says why.
  package func identity(
    of chain: [Certificate], at time: Timestamp, roles: Set<PeerIdentity.Role>
  ) async throws(IdentityError) -> PeerIdentity {
    guard let leaf = chain.first else {
      throw IdentityError(.refused, "no certificate was presented")
    }
    guard chain.count <= 4 else {
      throw IdentityError(.refused, "a chain of \(chain.count) certificates is too long")
    }
    let policy = FleetIdentityPolicy(fleet: fleet, roles: roles)
    // First by itself: its sentences name what is wrong, the path verifier's are written for programmers.
    try policy.check(leaf: leaf)
    let validity =
      leaf.notValidBefore
      .timestamp...max(
        leaf.notValidBefore.timestamp, leaf.notValidAfter.timestamp)
    let identity = try PeerIdentity(certificate: leaf)
    guard validity.contains(time) else {
      let state = time < validity.lowerBound ? "is not valid before" : "expired at"
      let bound = time < validity.lowerBound ? validity.lowerBound : validity.upperBound
      throw IdentityError(.refused, "certificate \(identity.uri) \(state) \(bound)")
    }
    var verifier = Verifier(rootCertificates: CertificateStore(authorities)) {
      RFC5280Policy(fixedExpiryValidationTime: Date(time))
      policy
    }
    switch await verifier.validate(
      leaf: leaf, intermediates: CertificateStore(chain.dropFirst()))
    {
    case .validCertificate: return identity
    case .couldNotValidate:
      throw IdentityError(
        .refused, "certificate \(identity.uri) was not signed by the authority of fleet \(fleet)")
    }
  }
}

extension FleetID {
  /// The fleet that an authority's certificate names as its URI, `spiffe://<fleet>`.
  package init(authority certificate: Certificate) throws(IdentityError) {
    let names = (try? certificate.extensions.subjectAlternativeNames) ?? nil
    let prefix = "spiffe://"
    for case .uniformResourceIdentifier(let uri) in names ?? SubjectAlternativeNames()
    where uri.hasPrefix(prefix) {
      if let fleet = try? FleetID(String(uri.dropFirst(prefix.count))) {
        self = fleet
        return
      }
    }
    throw IdentityError(.malformed, "the certificate is not that of a fleet's authority")
  }
}

extension Certificate {
  /// SHA-256 of the subject public key info, 32 bytes; what tokens pin and what the catalog keeps.
  package var publicKeyHash: Data { publicKey.hash }

  init(der: Data, what: String) throws(IdentityError) {
    do {
      try self.init(derEncoded: Array(der))
    } catch {
      throw IdentityError(.malformed, "\(what) is malformed: \(error)")
    }
  }

  /// The certificate's own encoding.
  package var der: Data {
    get throws(IdentityError) {
      do {
        var serializer = DER.Serializer()
        try serializer.serialize(self)
        return Data(serializer.serializedBytes)
      } catch {
        throw IdentityError(.malformed, "the certificate cannot be written: \(error)")
      }
    }
  }
}

extension Certificate.PublicKey {
  /// SHA-256 of the DER subject public key info (RFC 5280, section 4.1.2.7), 32 bytes.
  package var hash: Data {
    var serializer = DER.Serializer()
    do {
      try serializer.serialize(self)
    } catch {
      // The key was parsed or made here: that it can be written again is the library's own invariant.
      preconditionFailure("a public key cannot be serialized: \(error)")
    }
    return Data(SHA256.hash(data: serializer.serializedBytes))
  }
}

extension Date {
  init(_ time: Timestamp) {
    self.init(timeIntervalSince1970: Double(time.nanoseconds / 1_000_000) / 1000)
  }

  /// The nearest time that can be told: certificates go up to the year 9999.
  package var timestamp: Timestamp {
    let seconds = min(max(timeIntervalSince1970, -9.2e9), 9.2e9)
    return Timestamp(nanoseconds: Int64((seconds * 1000).rounded()) * 1_000_000)
  }
}
