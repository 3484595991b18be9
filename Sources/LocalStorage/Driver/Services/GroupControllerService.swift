package import CSIWire
package import GRPCCore
internal import SwiftProtobuf

/// `csi.v1.GroupController`: snapshots of several volumes by one call.
package struct GroupControllerService: Csi_V1_GroupController.SimpleServiceProtocol {
  let pool: Pool

  /// How many volumes one group may have; a bound on what one call does.
  static let maximumVolumes = 256

  package func groupControllerGetCapabilities(
    request: Csi_V1_GroupControllerGetCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_GroupControllerGetCapabilitiesResponse {
    .with {
      $0.capabilities = [.with { $0.rpc.type = .createDeleteGetVolumeGroupSnapshot }]
    }
  }

  package func createVolumeGroupSnapshot(
    request: Csi_V1_CreateVolumeGroupSnapshotRequest, context: ServerContext
  ) async throws -> Csi_V1_CreateVolumeGroupSnapshotResponse {
    try await answering {
      try Field.require(request.name, "name")
      guard !request.sourceVolumeIds.isEmpty else {
        throw StorageError(.invalidArgument, "source_volume_ids are missing")
      }
      guard request.sourceVolumeIds.count <= Self.maximumVolumes else {
        throw StorageError(
          .invalidArgument, "source_volume_ids are too many: \(Self.maximumVolumes) at most")
      }
      for id in request.sourceVolumeIds { try Field.require(id, "source_volume_ids") }
      let group = try await pool.createGroup(named: request.name, of: request.sourceVolumeIds)
      return .with { $0.groupSnapshot = group.wire }
    }
  }

  package func deleteVolumeGroupSnapshot(
    request: Csi_V1_DeleteVolumeGroupSnapshotRequest, context: ServerContext
  ) async throws -> Csi_V1_DeleteVolumeGroupSnapshotResponse {
    try await answering {
      try Field.require(request.groupSnapshotID, "group_snapshot_id")
      try await pool.deleteGroup(request.groupSnapshotID, members: request.snapshotIds)
      return Csi_V1_DeleteVolumeGroupSnapshotResponse()
    }
  }

  package func getVolumeGroupSnapshot(
    request: Csi_V1_GetVolumeGroupSnapshotRequest, context: ServerContext
  ) async throws -> Csi_V1_GetVolumeGroupSnapshotResponse {
    try await answering {
      try Field.require(request.groupSnapshotID, "group_snapshot_id")
      let group = try pool.group(request.groupSnapshotID, members: request.snapshotIds)
      return .with { $0.groupSnapshot = group.wire }
    }
  }
}

extension StoredGroup {
  var wire: Csi_V1_VolumeGroupSnapshot {
    .with {
      $0.groupSnapshotID = id
      $0.snapshots = snapshots.map(\.wire)
      $0.creationTime = StoredSnapshot.timestamp(createdAt)
      $0.readyToUse = true
    }
  }
}
