internal import Crypto
package import Foundation

/// Encrypts what must not lie in the catalog in clear (AES-256-GCM). Whoever has a copy of the catalog alone cannot read it.
package struct ManifestSeal: Sendable {
  /// Bytes of a key.
  package static let keySize = 32
  private let key: SymmetricKey

  /// Nil for what is no key.
  package init?(key: Data) {
    guard key.count == Self.keySize else { return nil }
    self.key = SymmetricKey(data: key)
  }

  package static func newKey() -> Data { SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) } }

  /// The manifest with its content encrypted, so that it can be opened as this very object of this backup and as no other.
  package func sealed(_ manifest: BackupManifest, of backup: String) throws -> BackupManifest {
    var manifest = manifest
    let box = try AES.GCM.seal(
      manifest.content, using: key, authenticating: Self.place(manifest, backup))
    guard let bytes = box.combined else { throw CryptoKitError.incorrectParameterSize }
    manifest.content = bytes
    manifest.isSealed = true
    return manifest
  }

  /// The content in clear. Throws when it was changed, belongs elsewhere or was sealed with another key.
  package func opened(_ manifest: BackupManifest, of backup: String) throws -> Data {
    guard manifest.isSealed else { return manifest.content }
    return try AES.GCM.open(
      AES.GCM.SealedBox(combined: manifest.content), using: key,
      authenticating: Self.place(manifest, backup))
  }

  private static func place(_ manifest: BackupManifest, _ backup: String) -> Data {
    Data("\(backup) \(manifest.identity)".utf8)
  }
}
