/// What a cluster says about a pod: to what it belongs and what it claims. Container runtimes know nothing of it.
package struct Workload: Hashable, Codable, Sendable {
  /// A claim of the pod, and the volume that it is bound to as far as is known.
  package struct Claim: Hashable, Codable, Sendable {
    package var name: String
    /// The name of the PersistentVolume.
    package var volume: String?
    /// The CSI driver of the volume and its name for it; nil where no such driver keeps it.
    package var driver: String?
    package var handle: String?
    /// Whether the pod gets a block device without a filesystem; nil where nothing is known of the volume.
    package var isBlock: Bool?

    package init(
      name: String, volume: String? = nil, driver: String? = nil, handle: String? = nil,
      isBlock: Bool? = nil
    ) {
      self.name = name
      self.volume = volume
      self.driver = driver
      self.handle = handle
      self.isBlock = isBlock
    }
  }

  /// Kind and name of what the pod belongs to in the end, for example `Deployment/orders`; of a pod that nothing
  /// manages, its own.
  package var owner: String
  package var claims: [Claim]
  package var namespaceLabels: [String: String]
  /// What the namespace's labels say it is; nil where they say nothing that is known here.
  package var environment: Environment?

  package init(
    owner: String, claims: [Claim] = [], namespaceLabels: [String: String] = [:],
    environment: Environment? = nil
  ) {
    self.owner = owner
    self.claims = claims
    self.namespaceLabels = namespaceLabels
    self.environment = environment
  }
}
