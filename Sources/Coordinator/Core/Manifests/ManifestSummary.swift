internal import Crypto
internal import Foundation

/// What a backup has of its namespaces' objects, and what it lacks.
package struct ManifestSummary: Hashable, Codable, Sendable {
  package enum State: String, Hashable, Codable, Sendable {
    /// They are being read or stored.
    case pending
    /// Every kind that was to be read was read.
    case complete
    /// What is missing is in `skipped`.
    case partial
    /// There are none; `reason` says why.
    case failed
  }

  package struct Kind: Hashable, Codable, Sendable {
    package var resource: String
    package var count: Int
    /// How many of them are proved to be as they were at the witness.
    package var proved: Int

    package init(resource: String, count: Int, proved: Int) {
      self.resource = resource
      self.count = count
      self.proved = proved
    }
  }

  package struct Skipped: Hashable, Codable, Sendable {
    package var resource: String
    package var namespace: String?
    package var reason: String

    package init(resource: String, namespace: String?, reason: String) {
      self.resource = resource
      self.namespace = namespace
      self.reason = reason
    }
  }

  package var state: State
  package var reason: String?
  package var namespaces: [String]
  /// Sorted by name.
  package var kinds: [Kind]
  package var skipped: [Skipped]
  /// SHA-256 over all of them, lower-case hexadecimal; see `ManifestDigest`.
  package var digest: String?

  package init(
    state: State, reason: String? = nil, namespaces: [String], kinds: [Kind] = [],
    skipped: [Skipped] = [], digest: String? = nil
  ) {
    self.state = state
    self.reason = reason
    self.namespaces = namespaces
    self.kinds = kinds
    self.skipped = skipped
    self.digest = digest
  }

  package var count: Int { kinds.reduce(0) { $0 + $1.count } }
  package var proved: Int { kinds.reduce(0) { $0 + $1.proved } }
}

/// One digest over all manifests of a backup, in the order of their places.
package struct ManifestDigest: Sendable {
  private var hash = SHA256()

  package init() {}

  package mutating func add(_ manifest: BackupManifest) {
    let fields = [
      manifest.apiVersion, manifest.kind, manifest.resource, manifest.namespace ?? "",
      manifest.name, manifest.uid, manifest.resourceVersion, manifest.standing.rawValue,
      manifest.owner ?? "", manifest.isFact ? "fact" : "", manifest.isSealed ? "sealed" : "",
    ]
    hash.update(data: Data(fields.joined(separator: "\u{0}").utf8))
    hash.update(data: manifest.digest)
  }

  package var text: String {
    hash.finalize().map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}
