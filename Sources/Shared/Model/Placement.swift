/// One container of a service on a node: what ran, from which image, with which volumes.
package struct Placement: Hashable, Codable, Sendable {
  package var node: NodeID
  package var service: ServiceName
  package var container: ContainerID
  /// The container's name within its pod.
  package var containerName: String
  package var pod: String
  package var podUID: String
  package var namespace: String
  /// The reference that the runtime was asked for, for example `registry.example/orders:4`.
  package var image: String
  /// What the reference meant when the container was made, `sha256:…`; empty where the runtime does not say.
  package var imageDigest: String
  package var labels: [String: String]
  package var mounts: [ContainerMount]
  /// The container's first process in the node's PID namespace; nil while it is not running.
  package var pid: Int32?
  package var startedAt: Timestamp
  /// What the runtime told and a record had no room for; nil when everything is here.
  package var omitted: Omission?
  /// What a cluster says of the pod; nil where none did. The coordinator adds it to what agents tell.
  package var workload: Workload?

  package init(
    node: NodeID, service: ServiceName, container: ContainerID, containerName: String, pod: String,
    podUID: String, namespace: String, image: String, imageDigest: String,
    labels: [String: String], mounts: [ContainerMount], pid: Int32?, startedAt: Timestamp,
    omitted: Omission? = nil, workload: Workload? = nil
  ) {
    self.node = node
    self.service = service
    self.container = container
    self.containerName = containerName
    self.pod = pod
    self.podUID = podUID
    self.namespace = namespace
    self.image = image
    self.imageDigest = imageDigest
    self.labels = labels
    self.mounts = mounts
    self.pid = pid
    self.startedAt = startedAt
    self.omitted = omitted
    self.workload = workload
  }
}

/// How much of a container's description was left out because a record has a limit.
package struct Omission: Hashable, Codable, Sendable {
  package var labels: Int
  package var mounts: Int
  /// Whether a name or the image's reference was cut.
  package var names: Bool

  package init(labels: Int, mounts: Int, names: Bool) {
    self.labels = labels
    self.mounts = mounts
    self.names = names
  }

  /// Completes "… left out".
  package var text: String {
    var parts: [String] = []
    if labels > 0 { parts.append(labels == 1 ? "1 label" : "\(labels) labels") }
    if mounts > 0 { parts.append(mounts == 1 ? "1 mount" : "\(mounts) mounts") }
    if names { parts.append("the ends of names") }
    return parts.joined(separator: ", ")
  }
}

/// A directory of the node that a container sees.
package struct ContainerMount: Hashable, Codable, Sendable {
  package var containerPath: String
  package var hostPath: String
  package var readOnly: Bool
  /// The CSI volume that backs it; nil for a plain directory of the node.
  package var volume: VolumeRef?

  package init(containerPath: String, hostPath: String, readOnly: Bool, volume: VolumeRef?) {
    self.containerPath = containerPath
    self.hostPath = hostPath
    self.readOnly = readOnly
    self.volume = volume
  }
}

/// A volume that a CSI driver keeps, and where this node has it mounted.
package struct VolumeRef: Hashable, Codable, Sendable {
  package var driver: DriverName
  package var handle: VolumeHandle
  /// Where the driver published the filesystem on the node (`NodePublishVolume.target_path`).
  package var publishedAt: String

  package init(driver: DriverName, handle: VolumeHandle, publishedAt: String) {
    self.driver = driver
    self.handle = handle
    self.publishedAt = publishedAt
  }

  /// The volume as the storage knows it, wherever it is mounted.
  package struct Identity: Hashable, Sendable {
    package var driver: DriverName
    package var handle: VolumeHandle
  }

  package var identity: Identity { Identity(driver: driver, handle: handle) }
}
