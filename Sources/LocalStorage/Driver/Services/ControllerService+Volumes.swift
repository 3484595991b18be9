package import CSIWire
package import GRPCCore
internal import SwiftProtobuf

extension ControllerService {
  package func createVolume(request: Csi_V1_CreateVolumeRequest, context: ServerContext)
    async throws -> Csi_V1_CreateVolumeResponse
  {
    try await answering {
      let order = try Self.order(request)
      try requireReachable(request.accessibilityRequirements)
      let volume = try await pool.createVolume(order)
      return .with { $0.volume = wire(volume) }
    }
  }

  static func order(_ request: Csi_V1_CreateVolumeRequest) throws(StorageError)
    -> VolumeOrder
  {
    try Field.require(request.name, "name")
    try CapabilityCheck.requireAny(request.volumeCapabilities)
    guard request.mutableParameters.isEmpty else {
      throw StorageError(.invalidArgument, "mutable_parameters are not supported")
    }
    var order = VolumeOrder(
      name: request.name, requiredBytes: request.capacityRange.requiredBytes,
      limitBytes: request.capacityRange.limitBytes)
    order.filesystem = try filesystem(request)
    if request.hasVolumeContentSource {
      switch request.volumeContentSource.type {
      case .snapshot(let snapshot):
        try Field.require(snapshot.snapshotID, "volume_content_source.snapshot.snapshot_id")
        order.source = .snapshot(snapshot.snapshotID)
      case .volume(let volume):
        try Field.require(volume.volumeID, "volume_content_source.volume.volume_id")
        order.source = .volume(volume.volumeID)
      case nil:
        throw StorageError(.invalidArgument, "volume_content_source names no source")
      }
    }
    return order
  }

  /// From the parameter `fsType` and the capabilities, which must not contradict each other.
  private static func filesystem(_ request: Csi_V1_CreateVolumeRequest) throws(StorageError)
    -> FilesystemKind?
  {
    var wanted: Set<String> = []
    for (key, value) in request.parameters {
      switch key {
      case "fsType", "csi.storage.k8s.io/fstype": wanted.insert(value)
      // What provisioners add to say for whom the volume is.
      case let key where key.hasPrefix("csi.storage.k8s.io/"): continue
      default:
        throw StorageError(
          .invalidArgument, "parameter '\(key.prefix(80))' is unknown", hint: "known: fsType")
      }
    }
    for capability in request.volumeCapabilities { wanted.insert(capability.mount.fsType) }
    wanted.remove("")
    guard wanted.count <= 1 else {
      throw StorageError(
        .invalidArgument,
        "the request names several filesystems: \(wanted.sorted().joined(separator: ", "))")
    }
    guard let text = wanted.first else { return nil }
    guard let filesystem = FilesystemKind(rawValue: text) else {
      throw StorageError(
        .invalidArgument, "filesystem '\(text.prefix(40))' is not possible: ext4 or xfs")
    }
    return filesystem
  }

  private func requireReachable(_ requirement: Csi_V1_TopologyRequirement) throws(StorageError) {
    guard !requirement.requisite.isEmpty else { return }
    let here = requirement.requisite.contains { topology in
      topology.segments.allSatisfy { $0 == DriverIdentity.topologyKey && $1 == identity.node }
    }
    guard here else {
      throw StorageError(
        .resourceExhausted,
        "the volume is wanted on another node; this driver serves \(identity.node)")
    }
  }

  package func deleteVolume(request: Csi_V1_DeleteVolumeRequest, context: ServerContext)
    async throws -> Csi_V1_DeleteVolumeResponse
  {
    try await answering {
      try Field.require(request.volumeID, "volume_id")
      try await pool.deleteVolume(request.volumeID)
      return Csi_V1_DeleteVolumeResponse()
    }
  }

  package func validateVolumeCapabilities(
    request: Csi_V1_ValidateVolumeCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_ValidateVolumeCapabilitiesResponse {
    try await answering {
      try Field.require(request.volumeID, "volume_id")
      guard !request.volumeCapabilities.isEmpty else {
        throw StorageError(.invalidArgument, "volume_capabilities are missing")
      }
      let volume = try pool.volume(request.volumeID)
      let faults = request.volumeCapabilities.compactMap {
        CapabilityCheck.fault(of: $0, filesystem: volume.filesystem)
      }
      return .with {
        guard faults.isEmpty else {
          $0.message = faults.joined(separator: "; ")
          return
        }
        $0.confirmed.volumeContext = request.volumeContext
        $0.confirmed.volumeCapabilities = request.volumeCapabilities
        $0.confirmed.parameters = request.parameters
      }
    }
  }

  package func listVolumes(request: Csi_V1_ListVolumesRequest, context: ServerContext)
    async throws -> Csi_V1_ListVolumesResponse
  {
    try await answering {
      let page = try pool.volumes(limit: request.maxEntries, token: request.startingToken)
      return .with {
        $0.entries = page.entries.map { volume in
          .with {
            $0.volume = wire(volume)
            let used = !mounts.mountPoints(of: volume).isEmpty
            $0.status.publishedNodeIds = used ? [identity.node] : []
          }
        }
        $0.nextToken = page.nextToken
      }
    }
  }

  package func controllerExpandVolume(
    request: Csi_V1_ControllerExpandVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerExpandVolumeResponse {
    try await answering {
      try Field.require(request.volumeID, "volume_id")
      guard request.hasCapacityRange, request.capacityRange.requiredBytes > 0 else {
        throw StorageError(.invalidArgument, "capacity_range.required_bytes is missing")
      }
      let volume = try await pool.expandVolume(
        request.volumeID, required: request.capacityRange.requiredBytes,
        limit: request.capacityRange.limitBytes)
      return .with {
        $0.capacityBytes = volume.capacity
        $0.nodeExpansionRequired = volume.mustGrow
      }
    }
  }
}
