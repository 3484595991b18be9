package import Crypto
package import Foundation
internal import SwiftASN1
package import X509

/// A request for a certificate, made with the key that never leaves the node (PKCS #10, RFC 2986).
///
/// The names in it are ignored: who may get which certificate is decided by token, old key or old certificate.
package enum SigningRequest {
  /// Larger requests are refused; one for P-256 has about 250 bytes.
  package static let largest = 4096

  /// DER of a request for `key`.
  package static func make(key: P256.Signing.PrivateKey) throws(IdentityError) -> Data {
    do {
      let request = try CertificateSigningRequest(
        version: .v1, subject: try DistinguishedName { CommonName("stillpoint agent") },
        privateKey: Certificate.PrivateKey(key), attributes: .init(),
        signatureAlgorithm: .ecdsaWithSHA256)
      var serializer = DER.Serializer()
      try serializer.serialize(request)
      return Data(serializer.serializedBytes)
    } catch {
      throw IdentityError(.malformed, "no certificate request can be made: \(error)")
    }
  }

  /// The request's key, once its own signature has proved that the sender has the private half.
  package static func provenKey(_ der: Data) throws(IdentityError) -> Certificate.PublicKey {
    guard der.count <= largest else {
      throw IdentityError(
        .refused, "a certificate request of \(der.count) bytes is above the limit of \(largest)")
    }
    let request: CertificateSigningRequest
    do {
      request = try CertificateSigningRequest(derEncoded: Array(der))
    } catch {
      throw IdentityError(.refused, "the certificate request is malformed")
    }
    guard P256.Signing.PublicKey(request.publicKey) != nil else {
      throw IdentityError(.refused, "the certificate request's key is not on P-256")
    }
    guard request.publicKey.isValidSignature(request.signature, for: request) else {
      throw IdentityError(.refused, "the certificate request is not signed with its own key")
    }
    return request.publicKey
  }
}
