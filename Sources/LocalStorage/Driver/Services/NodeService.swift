package import CSIWire
package import GRPCCore
internal import SwiftProtobuf

/// `csi.v1.Node`: volumes on this node.
package struct NodeService: Csi_V1_Node.SimpleServiceProtocol {
  let mounts: VolumeMounts
  let identity: DriverIdentity

  package func nodeGetCapabilities(
    request: Csi_V1_NodeGetCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeGetCapabilitiesResponse {
    let types: [Csi_V1_NodeServiceCapability.RPC.TypeEnum] = [
      .stageUnstageVolume, .getVolumeStats, .expandVolume, .singleNodeMultiWriter,
    ]
    return .with { $0.capabilities = types.map { type in .with { $0.rpc.type = type } } }
  }

  package func nodeGetInfo(request: Csi_V1_NodeGetInfoRequest, context: ServerContext)
    async throws -> Csi_V1_NodeGetInfoResponse
  {
    .with {
      $0.nodeID = identity.node
      $0.accessibleTopology.segments = [DriverIdentity.topologyKey: identity.node]
    }
  }

  package func nodeStageVolume(request: Csi_V1_NodeStageVolumeRequest, context: ServerContext)
    async throws -> Csi_V1_NodeStageVolumeResponse
  {
    try await answering {
      try Field.require(request.volumeID, "volume_id")
      try Field.requirePath(request.stagingTargetPath, "staging_target_path")
      guard request.hasVolumeCapability else {
        throw StorageError(.invalidArgument, "volume_capability is missing")
      }
      try CapabilityCheck.require(
        request.volumeCapability, for: try mounts.pool.volume(request.volumeID))
      try await mounts.stage(
        request.volumeID, at: request.stagingTargetPath,
        use: CapabilityCheck.use(request.volumeCapability, readOnly: false))
      return Csi_V1_NodeStageVolumeResponse()
    }
  }

  package func nodeUnstageVolume(
    request: Csi_V1_NodeUnstageVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeUnstageVolumeResponse {
    try await answering {
      try Field.require(request.volumeID, "volume_id")
      try Field.requirePath(request.stagingTargetPath, "staging_target_path")
      try await mounts.unstage(request.volumeID, at: request.stagingTargetPath)
      return Csi_V1_NodeUnstageVolumeResponse()
    }
  }

  package func nodePublishVolume(
    request: Csi_V1_NodePublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodePublishVolumeResponse {
    try await answering {
      try Field.require(request.volumeID, "volume_id")
      try Field.requirePath(request.targetPath, "target_path")
      guard request.hasVolumeCapability else {
        throw StorageError(.invalidArgument, "volume_capability is missing")
      }
      try CapabilityCheck.require(
        request.volumeCapability, for: try mounts.pool.volume(request.volumeID))
      try await mounts.publish(
        request.volumeID, from: request.stagingTargetPath, at: request.targetPath,
        use: CapabilityCheck.use(request.volumeCapability, readOnly: request.readonly))
      return Csi_V1_NodePublishVolumeResponse()
    }
  }

  package func nodeUnpublishVolume(
    request: Csi_V1_NodeUnpublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeUnpublishVolumeResponse {
    try await answering {
      try Field.require(request.volumeID, "volume_id")
      try Field.requirePath(request.targetPath, "target_path")
      try await mounts.unpublish(request.volumeID, at: request.targetPath)
      return Csi_V1_NodeUnpublishVolumeResponse()
    }
  }

  package func nodeGetVolumeStats(
    request: Csi_V1_NodeGetVolumeStatsRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeGetVolumeStatsResponse {
    try await answering {
      try Field.require(request.volumeID, "volume_id")
      try Field.requireWhole(request.volumePath, "volume_path")
      let (bytes, inodes) = try await mounts.usage(request.volumeID, at: request.volumePath)
      return .with { $0.usage = [Self.wire(bytes, .bytes), Self.wire(inodes, .inodes)] }
    }
  }

  private static func wire(_ usage: VolumeMounts.Usage, _ unit: Csi_V1_VolumeUsage.Unit)
    -> Csi_V1_VolumeUsage
  {
    .with {
      $0.available = usage.available
      $0.total = usage.total
      $0.used = usage.used
      $0.unit = unit
    }
  }

  package func nodeExpandVolume(request: Csi_V1_NodeExpandVolumeRequest, context: ServerContext)
    async throws -> Csi_V1_NodeExpandVolumeResponse
  {
    try await answering {
      try Field.require(request.volumeID, "volume_id")
      try Field.requireWhole(request.volumePath, "volume_path")
      let capacity = try await mounts.expand(request.volumeID, at: request.volumePath)
      return .with { $0.capacityBytes = capacity }
    }
  }
}
