/// What a backup has of its namespaces' objects.
package struct ManifestSummaryBody: Codable, Hashable, Sendable {
  package struct Kind: Codable, Hashable, Sendable {
    package var resource: String
    package var count: Int
    /// Proved to be as they were at the witness.
    package var proved: Int

    package init(resource: String, count: Int, proved: Int) {
      self.resource = resource
      self.count = count
      self.proved = proved
    }
  }

  package struct Skipped: Codable, Hashable, Sendable {
    package var resource: String
    package var namespace: String?
    package var reason: String

    package init(resource: String, namespace: String?, reason: String) {
      self.resource = resource
      self.namespace = namespace
      self.reason = reason
    }
  }

  /// pending, complete, partial or failed.
  package var state: String
  package var reason: String?
  package var namespaces: [String]
  package var kinds: [Kind]
  package var skipped: [Skipped]
  /// SHA-256, lower-case hexadecimal.
  package var digest: String?

  package init(
    state: String, reason: String?, namespaces: [String], kinds: [Kind], skipped: [Skipped],
    digest: String?
  ) {
    self.state = state
    self.reason = reason
    self.namespaces = namespaces
    self.kinds = kinds
    self.skipped = skipped
    self.digest = digest
  }
}

/// One object that belongs to a backup.
package struct ManifestBody: Codable, Hashable, Sendable {
  /// Its place in the backup, from 1; where the next page goes on.
  package var number: Int
  package var apiVersion: String
  package var kind: String
  package var resource: String
  package var namespace: String?
  package var name: String
  package var uid: String
  package var resourceVersion: String
  /// at-witness, changed, appeared, deleted or unconfirmed.
  package var standing: String
  package var owner: String?
  /// Tells about other objects and is not to be applied.
  package var fact: Bool
  /// Kept encrypted.
  package var sealed: Bool
  /// The object as JSON text, digits and order as they were; absent for a Secret that was not asked for.
  package var manifest: String?

  package init(
    number: Int, apiVersion: String, kind: String, resource: String, namespace: String?,
    name: String, uid: String, resourceVersion: String, standing: String, owner: String?,
    fact: Bool, sealed: Bool, manifest: String?
  ) {
    self.number = number
    self.apiVersion = apiVersion
    self.kind = kind
    self.resource = resource
    self.namespace = namespace
    self.name = name
    self.uid = uid
    self.resourceVersion = resourceVersion
    self.standing = standing
    self.owner = owner
    self.fact = fact
    self.sealed = sealed
    self.manifest = manifest
  }
}
