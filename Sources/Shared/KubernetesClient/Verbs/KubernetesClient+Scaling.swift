/// How many replicas a workload should have and has (`autoscaling/v1.Scale`).
package struct WorkloadScale: Hashable, Sendable {
  package var wanted: Int
  package var present: Int
  /// The pods' labels, as a selector in a text.
  package var selector: String?

  package init(wanted: Int, present: Int, selector: String? = nil) {
    self.wanted = wanted
    self.present = present
    self.selector = selector
  }

  /// Zero is left out by the server.
  init(_ object: KubernetesObject) {
    wanted = Int(clamping: object["spec", "replicas"]?.int ?? 0)
    present = Int(clamping: object["status", "replicas"]?.int ?? 0)
    selector = object["status", "selector"]?.string
  }
}

extension KubernetesClient {
  package func scale(_ type: ResourceType, _ name: String, in namespace: String? = nil)
    async throws(KubernetesError) -> WorkloadScale
  {
    WorkloadScale(try await get(type, name, in: namespace, subresource: "scale"))
  }

  /// Asks for `replicas`; those that are there come and go later.
  package func scale(
    _ type: ResourceType, _ name: String, in namespace: String? = nil, to replicas: Int,
    dryRun: Bool = false
  ) async throws(KubernetesError) -> WorkloadScale {
    WorkloadScale(
      try await patch(
        type, name, in: namespace, merging: ["spec": ["replicas": JSONValue(Int64(replicas))]],
        subresource: "scale", dryRun: dryRun))
  }
}
