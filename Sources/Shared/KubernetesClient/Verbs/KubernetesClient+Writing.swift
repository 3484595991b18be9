internal import NIOHTTP1

extension KubernetesClient {
  /// Creates an object in its own namespace, and returns it as it was stored.
  package func create(
    _ object: KubernetesObject, as type: ResourceType, dryRun: Bool = false
  ) async throws(KubernetesError) -> KubernetesObject {
    let name = object.name.isEmpty ? nil : object.name
    return try await self.object(
      APIRequest(
        method: .POST, path: type.path(namespace: place(type, object.namespace)),
        query: written(dryRun), body: object.value.bytes,
        summary: summary("create", type, name, object.namespace)))
  }

  /// Replaces an object; its `resourceVersion` has to be the present one, otherwise `isConflict`.
  package func replace(
    _ object: KubernetesObject, as type: ResourceType, subresource: String? = nil,
    dryRun: Bool = false
  ) async throws(KubernetesError) -> KubernetesObject {
    try await self.object(
      APIRequest(
        method: .PUT,
        path: type.path(
          object.name, namespace: place(type, object.namespace), subresource: subresource),
        query: written(dryRun), body: object.value.bytes,
        summary: summary("replace", type, object.name, object.namespace)))
  }

  /// Changes the fields that `patch` names, removes those that it has as null (RFC 7396).
  package func patch(
    _ type: ResourceType, _ name: String, in namespace: String? = nil, merging patch: JSONValue,
    subresource: String? = nil, dryRun: Bool = false
  ) async throws(KubernetesError) -> KubernetesObject {
    try await object(
      APIRequest(
        method: .PATCH,
        path: type.path(name, namespace: place(type, namespace), subresource: subresource),
        query: written(dryRun), body: patch.bytes, contentType: "application/merge-patch+json",
        summary: summary("patch", type, name, namespace)))
  }

  func written(_ dryRun: Bool) -> [(String, String)] {
    var query = [("fieldManager", transport.options.fieldManager)]
    if dryRun { query.append(("dryRun", "All")) }
    return query
  }
}
