internal import Crypto
internal import FoundationEssentials
internal import NIOSSL
internal import SwiftASN1
package import X509

/// An authority for one test, with certificates of servers and users.
package struct TestAuthority: Sendable {
  private let key = P256.Signing.PrivateKey()
  package let certificate: Certificate
  private let name: DistinguishedName

  package init(named commonName: String = "test cluster") throws {
    name = try DistinguishedName { CommonName(commonName) }
    certificate = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
      notValidBefore: .now - 60, notValidAfter: .now + 86_400, issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        Critical(KeyUsage(keyCertSign: true))
      }, issuerPrivateKey: .init(key))
  }

  package var pem: String { get throws { try certificate.serializeAsPEM().pemString } }

  /// A certificate and its key as PEM. `hosts` for a server; a user is named by `commonName`.
  package func issue(
    _ commonName: String, hosts: [String] = [], lifetime: Duration = .seconds(3600)
  ) throws -> (certificate: String, key: String) {
    let leafKey = P256.Signing.PrivateKey()
    let names = hosts.map { host -> GeneralName in
      let parts = host.split(separator: ".").compactMap { UInt8($0) }
      return parts.count == 4
        ? .ipAddress(ASN1OctetString(contentBytes: parts[...])) : .dnsName(host)
    }
    let leaf = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: .init(leafKey.publicKey),
      notValidBefore: .now - 60, notValidAfter: .now + (lifetime / .seconds(1)), issuer: name,
      subject: try DistinguishedName { CommonName(commonName) },
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth, .clientAuth])
        if !names.isEmpty { SubjectAlternativeNames(names) }
      }, issuerPrivateKey: .init(key))
    return (try leaf.serializeAsPEM().pemString, leafKey.pemRepresentation)
  }

  /// Certificates of users are asked for, and not required: a token may do as well.
  func serverConfiguration(hosts: [String]) throws -> TLSConfiguration {
    let (certificate, key) = try issue("server", hosts: hosts)
    var tls = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map {
        .certificate($0)
      }, privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)))
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(try pem.utf8)))
    tls.certificateVerification = .optionalVerification
    return tls
  }
}
