internal import CSIWire
internal import GRPCCore

// Calls that a misbehaving driver hands on as they are.

extension MisbehavingIdentity {
  func getPluginInfo(request: Csi_V1_GetPluginInfoRequest, context: ServerContext) async throws
    -> Csi_V1_GetPluginInfoResponse
  {
    try await real.identity.getPluginInfo(request)
  }
  func probe(request: Csi_V1_ProbeRequest, context: ServerContext) async throws
    -> Csi_V1_ProbeResponse
  {
    try await real.identity.probe(request)
  }
}

extension MisbehavingController {
  func deleteVolume(request: Csi_V1_DeleteVolumeRequest, context: ServerContext) async throws
    -> Csi_V1_DeleteVolumeResponse
  {
    try await real.controller.deleteVolume(request)
  }
  func controllerPublishVolume(
    request: Csi_V1_ControllerPublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerPublishVolumeResponse {
    throw RPCError(code: .unimplemented, message: "not tried here")
  }
  func controllerUnpublishVolume(
    request: Csi_V1_ControllerUnpublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerUnpublishVolumeResponse {
    throw RPCError(code: .unimplemented, message: "not tried here")
  }
  func validateVolumeCapabilities(
    request: Csi_V1_ValidateVolumeCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_ValidateVolumeCapabilitiesResponse {
    throw RPCError(code: .unimplemented, message: "not tried here")
  }
  func listVolumes(request: Csi_V1_ListVolumesRequest, context: ServerContext) async throws
    -> Csi_V1_ListVolumesResponse
  {
    throw RPCError(code: .unimplemented, message: "not tried here")
  }
  func getCapacity(request: Csi_V1_GetCapacityRequest, context: ServerContext) async throws
    -> Csi_V1_GetCapacityResponse
  {
    throw RPCError(code: .unimplemented, message: "not tried here")
  }
  func getSnapshot(request: Csi_V1_GetSnapshotRequest, context: ServerContext) async throws
    -> Csi_V1_GetSnapshotResponse
  {
    throw RPCError(code: .unimplemented, message: "not tried here")
  }
  func controllerExpandVolume(request: Csi_V1_ControllerExpandVolumeRequest, context: ServerContext)
    async throws -> Csi_V1_ControllerExpandVolumeResponse
  {
    throw RPCError(code: .unimplemented, message: "not tried here")
  }
}

extension MisbehavingNode {
  func nodeStageVolume(request: Csi_V1_NodeStageVolumeRequest, context: ServerContext) async throws
    -> Csi_V1_NodeStageVolumeResponse
  {
    try await real.node.nodeStageVolume(request)
  }
  func nodeUnstageVolume(request: Csi_V1_NodeUnstageVolumeRequest, context: ServerContext)
    async throws -> Csi_V1_NodeUnstageVolumeResponse
  {
    try await real.node.nodeUnstageVolume(request)
  }
  func nodePublishVolume(request: Csi_V1_NodePublishVolumeRequest, context: ServerContext)
    async throws -> Csi_V1_NodePublishVolumeResponse
  {
    try await real.node.nodePublishVolume(request)
  }
  func nodeUnpublishVolume(request: Csi_V1_NodeUnpublishVolumeRequest, context: ServerContext)
    async throws -> Csi_V1_NodeUnpublishVolumeResponse
  {
    try await real.node.nodeUnpublishVolume(request)
  }
  func nodeGetVolumeStats(request: Csi_V1_NodeGetVolumeStatsRequest, context: ServerContext)
    async throws -> Csi_V1_NodeGetVolumeStatsResponse
  {
    throw RPCError(code: .unimplemented, message: "not tried here")
  }
  func nodeExpandVolume(request: Csi_V1_NodeExpandVolumeRequest, context: ServerContext)
    async throws -> Csi_V1_NodeExpandVolumeResponse
  {
    throw RPCError(code: .unimplemented, message: "not tried here")
  }
  func nodeGetCapabilities(request: Csi_V1_NodeGetCapabilitiesRequest, context: ServerContext)
    async throws -> Csi_V1_NodeGetCapabilitiesResponse
  {
    try await real.node.nodeGetCapabilities(request)
  }
  func nodeGetInfo(request: Csi_V1_NodeGetInfoRequest, context: ServerContext) async throws
    -> Csi_V1_NodeGetInfoResponse
  {
    try await real.node.nodeGetInfo(request)
  }
}
