internal import Crypto
package import Foundation

/// One object of a cluster as a backup keeps it.
package struct BackupManifest: Hashable, Sendable {
  /// What is known about the object at the witness, the moment in which all members were held.
  package enum Standing: String, CaseIterable, Hashable, Codable, Sendable {
    /// Proved: this is how it was.
    case atWitness = "at-witness"
    /// It changed around the witness: this is how it was last seen before.
    case changed
    /// It was first seen after the witness, and may not have been there.
    case appeared
    /// It was there before the witness and was gone when it was looked for again.
    case deleted
    /// It was seen before the witness, and could not be looked at again.
    case unconfirmed
  }

  package var apiVersion: String
  package var kind: String
  /// The plural with its group: `configmaps`, `deployments.apps`.
  package var resource: String
  /// Nil for an object of the whole cluster.
  package var namespace: String?
  package var name: String
  package var uid: String
  /// Of the state that is kept.
  package var resourceVersion: String
  package var standing: Standing
  /// The object that this one belongs to, as `Kind/name`.
  package var owner: String?
  /// Tells something about the others and is not to be applied: a persistent volume.
  package var isFact: Bool
  /// JSON without what the server fills in; encrypted when `isSealed`.
  package var content: Data
  package var isSealed: Bool

  package init(
    apiVersion: String, kind: String, resource: String, namespace: String?, name: String,
    uid: String, resourceVersion: String, standing: Standing, owner: String? = nil,
    isFact: Bool = false, content: Data, isSealed: Bool = false
  ) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.resource = resource
    self.namespace = namespace
    self.name = name
    self.uid = uid
    self.resourceVersion = resourceVersion
    self.standing = standing
    self.owner = owner
    self.isFact = isFact
    self.content = content
    self.isSealed = isSealed
  }

  /// SHA-256 of the content as it is kept.
  package var digest: Data { Data(SHA256.hash(data: content)) }

  /// What tells it from every other object of the backup.
  package var identity: String { "\(resource) \(namespace.map { $0 + "/" } ?? "")\(name)" }
}

/// A manifest with its place in the backup; places count from 1.
package struct NumberedManifest: Hashable, Sendable {
  package var number: Int
  package var manifest: BackupManifest

  package init(number: Int, manifest: BackupManifest) {
    self.number = number
    self.manifest = manifest
  }
}
