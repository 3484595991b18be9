internal import Crypto
internal import Foundation
package import Model
internal import SwiftASN1
package import X509

extension CertificateAuthority {
  /// A certificate for the agent of `node` and the key that it proved to have.
  package func issueAgent(
    _ node: NodeID, key: Certificate.PublicKey, now: Timestamp = .now()
  ) throws(IdentityError) -> Certificate {
    try issue(.agent(fleet, node), key: key, lifetime: lifetimes.agent, now: now)
  }

  /// A new key and certificate for an operator. Only the receiver keeps the key.
  package func issueOperator(
    _ name: OperatorName, lifetime: Duration? = nil, now: Timestamp = .now()
  ) throws(IdentityError) -> Credential {
    try issue(
      .operatorNamed(fleet, name), lifetime: lifetime ?? lifetimes.operator, now: now)
  }

  /// A new key and certificate for this coordinator's servers, named `coordinator.<fleet>`. Kept in memory only.
  package func issueCoordinator(now: Timestamp = .now()) throws(IdentityError) -> Credential {
    try issue(.coordinator(fleet), lifetime: lifetimes.coordinator, now: now)
  }

  private func issue(_ identity: PeerIdentity, lifetime: Duration, now: Timestamp)
    throws(IdentityError) -> Credential
  {
    let key = P256.Signing.PrivateKey()
    let certificate = try issue(
      identity, key: Certificate.PublicKey(key.publicKey), lifetime: lifetime, now: now)
    return try Credential(privateKey: key, certificate: certificate, trust: trust)
  }

  /// Signs a certificate for one of the fleet's identities; never valid for longer than the authority itself.
  func issue(
    _ identity: PeerIdentity, key: Certificate.PublicKey, lifetime: Duration, now: Timestamp
  ) throws(IdentityError) -> Certificate {
    do {
      var names: [GeneralName] = [.uniformResourceIdentifier(identity.uri)]
      var usage = ExtendedKeyUsage.Usage.clientAuth
      var commonName: String
      switch identity {
      case .agent(_, let node): commonName = node.text
      case .operatorNamed(_, let name): commonName = name.text
      case .coordinator(let fleet):
        commonName = "coordinator"
        names.append(.dnsName(fleet.coordinatorName))
        usage = .serverAuth
      }
      let end = min(now + lifetime, certificate.notValidAfter.timestamp)
      return try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key,
        notValidBefore: Date(now - Self.backdating), notValidAfter: Date(end),
        issuer: certificate.subject,
        subject: try DistinguishedName {
          OrganizationName("Stillpoint")
          CommonName(commonName)
        },
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage([usage])
          SubjectAlternativeNames(names)
          SubjectKeyIdentifier(hash: key)
          AuthorityKeyIdentifier(
            keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
        },
        issuerPrivateKey: Certificate.PrivateKey(privateKey))
    } catch let error as IdentityError {
      throw error
    } catch {
      throw IdentityError(.malformed, "no certificate can be made for \(identity.uri): \(error)")
    }
  }
}
