internal import NIOHTTP1

extension KubernetesClient {
  /// Server-side apply: afterwards the object has the fields of `object`, which belong to `manager`, and no others of its.
  ///
  /// `isConflict` when another manager owns a field that would change, each of them a cause; `force` takes them over.
  package func apply(
    _ object: KubernetesObject, as type: ResourceType, manager: String? = nil, force: Bool = false,
    subresource: String? = nil, dryRun: Bool = false
  ) async throws(KubernetesError) -> KubernetesObject {
    var query = [("fieldManager", manager ?? transport.options.fieldManager)]
    if force { query.append(("force", "true")) }
    if dryRun { query.append(("dryRun", "All")) }
    // Both would be refused as somebody else's.
    var sent = object
    sent["metadata", "managedFields"] = nil
    return try await self.object(
      APIRequest(
        method: .PATCH,
        path: type.path(
          object.name, namespace: place(type, object.namespace), subresource: subresource),
        query: query, body: sent.value.bytes,
        // JSON is YAML.
        contentType: "application/apply-patch+yaml",
        summary: summary("apply", type, object.name, object.namespace)))
  }

  /// Replaces the fields of the status that `status` names.
  package func patchStatus(
    _ type: ResourceType, _ name: String, in namespace: String? = nil, merging status: JSONValue,
    resourceVersion: String? = nil
  ) async throws(KubernetesError) -> KubernetesObject {
    var patch: JSONValue = ["status": status]
    if let resourceVersion {
      patch[path: ["metadata", "resourceVersion"]] = .string(resourceVersion)
    }
    return try await self.patch(type, name, in: namespace, merging: patch, subresource: "status")
  }
}
