package import Crypto
internal import Foundation
internal import SwiftASN1
internal import X509

/// An agent's or operator's key and certificates on disk: `key.pem`, `certificate.pem`, `authority.pem`, each
/// 0600 in a directory 0700 and replaced atomically; `enrolling.pem` while an enrolment is under way.
package struct CredentialStore: Sendable {
  private static let keyFile = "key.pem"
  private static let enrolmentKeyFile = "enrolling.pem"
  private static let certificateFile = "certificate.pem"
  private static let authorityFile = "authority.pem"

  package let directory: PrivateDirectory

  /// Makes the directory when it is not there.
  package init(path: String) throws(IdentityError) {
    directory = try PrivateDirectory(path: path)
  }

  /// The stored credential, expired or not; nil when nothing was issued yet.
  package func load() throws(IdentityError) -> Credential? {
    guard let certificateBytes = try directory.read(Self.certificateFile) else { return nil }
    let certificatePath = "\(directory.path)/\(Self.certificateFile)"
    guard let keyBytes = try directory.read(Self.keyFile),
      let authorityBytes = try directory.read(Self.authorityFile)
    else {
      throw IdentityError(
        .mismatched, "\(certificatePath) is there, but its key or its authority is not",
        hint: "enrol anew with a fresh token")
    }
    let certificate: Certificate
    do {
      certificate = try Certificate(pemEncoded: String(decoding: certificateBytes, as: UTF8.self))
    } catch {
      throw IdentityError(
        .malformed, "\(certificatePath) is no PEM certificate",
        hint: "enrol anew with a fresh token")
    }
    do throws(IdentityError) {
      return try Credential(
        privateKey: try P256.Signing.PrivateKey(
          pem: keyBytes, what: "\(directory.path)/\(Self.keyFile)"),
        certificate: certificate,
        trust: try FleetTrust(
          pem: String(decoding: authorityBytes, as: UTF8.self),
          what: "\(directory.path)/\(Self.authorityFile)"))
    } catch {
      guard error.code == .mismatched else { throw error }
      throw IdentityError(
        .mismatched, "the files in \(directory.path) do not belong together: \(error.message)",
        hint: "enrol anew with a fresh token")
    }
  }

  /// The key for an enrolment, made and stored at the first call, the same one until the enrolment's credential
  /// is saved: an enrolment that was interrupted is finished with it, and every new one has a new key.
  package func enrolmentKey() throws(IdentityError) -> P256.Signing.PrivateKey {
    if let bytes = try directory.read(Self.enrolmentKeyFile) {
      return try P256.Signing.PrivateKey(
        pem: bytes, what: "\(directory.path)/\(Self.enrolmentKeyFile)")
    }
    let key = P256.Signing.PrivateKey()
    try directory.write(Self.enrolmentKeyFile, Data(key.pemRepresentation.utf8))
    return key
  }

  /// The authority that the node has pinned; nil before enrolment. Stored before the certificate is asked for, so
  /// that a node whose enrolment was interrupted can still rejoin.
  package func authority() throws(IdentityError) -> FleetTrust? {
    guard let bytes = try directory.read(Self.authorityFile) else { return nil }
    return try FleetTrust(
      pem: String(decoding: bytes, as: UTF8.self),
      what: "\(directory.path)/\(Self.authorityFile)")
  }

  package func save(authority: FleetTrust) throws(IdentityError) {
    try directory.write(Self.authorityFile, Data(try authority.pem.utf8))
  }

  /// Replaces everything. A crash in between leaves the old credential, or a key without a certificate, never a
  /// key beside a certificate that is not its own.
  package func save(_ credential: Credential) throws(IdentityError) {
    let key = Data(credential.privateKeyPEM.utf8)
    if try directory.read(Self.keyFile) != key {
      try directory.remove(Self.certificateFile)
      try directory.write(Self.keyFile, key)
    }
    try save(authority: credential.trust)
    try directory.write(Self.certificateFile, Data(try credential.certificatePEM.utf8))
    if try directory.read(Self.enrolmentKeyFile) == key {
      try directory.remove(Self.enrolmentKeyFile)
    }
  }
}
