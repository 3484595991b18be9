internal import NIOHTTP1

/// What has to hold for an object to be deleted, so that nobody else's is.
package struct DeletionPreconditions: Hashable, Sendable {
  package var uid: String?
  package var resourceVersion: String?

  package init(uid: String? = nil, resourceVersion: String? = nil) {
    self.uid = uid
    self.resourceVersion = resourceVersion
  }

  package static let none = DeletionPreconditions()
}

/// What becomes of the objects that belong to a deleted one.
package enum PropagationPolicy: String, Sendable {
  /// They stay, without an owner.
  case orphan = "Orphan"
  /// They are deleted later.
  case background = "Background"
  /// They are deleted first.
  case foreground = "Foreground"
}

/// How far a deletion came.
package enum Deletion: Hashable, Sendable {
  /// It is gone.
  case gone
  /// It goes once its finalizers or its grace period let it.
  case underWay(KubernetesObject)
}

extension KubernetesClient {
  /// Deletes an object. `isConflict` when a precondition does not hold, `isNotFound` when there is none.
  package func delete(
    _ type: ResourceType, _ name: String, in namespace: String? = nil,
    preconditions: DeletionPreconditions = .none, propagation: PropagationPolicy = .background,
    dryRun: Bool = false
  ) async throws(KubernetesError) -> Deletion {
    var options: JSONValue = [
      "apiVersion": "v1", "kind": "DeleteOptions",
      "propagationPolicy": .string(propagation.rawValue),
    ]
    if let uid = preconditions.uid { options[path: ["preconditions", "uid"]] = .string(uid) }
    if let version = preconditions.resourceVersion {
      options[path: ["preconditions", "resourceVersion"]] = .string(version)
    }
    if dryRun { options["dryRun"] = ["All"] }
    let request = APIRequest(
      method: .DELETE, path: type.path(name, namespace: place(type, namespace)),
      body: options.bytes, summary: summary("delete", type, name, namespace))
    let object = try await object(request)
    // A `Status` says that it is gone; the object itself is returned by some types that are gone and by all that are not.
    guard object.kind != "Status", object.deletionTimestamp != nil else { return .gone }
    return .underWay(object)
  }
}
