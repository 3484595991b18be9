package import CSIWire
package import GRPCCore
internal import SwiftProtobuf

extension ControllerService {
  package func createSnapshot(request: Csi_V1_CreateSnapshotRequest, context: ServerContext)
    async throws -> Csi_V1_CreateSnapshotResponse
  {
    try await answering {
      try Field.require(request.name, "name")
      try Field.require(request.sourceVolumeID, "source_volume_id")
      let snapshot = try await pool.createSnapshot(
        named: request.name, of: request.sourceVolumeID)
      return .with { $0.snapshot = snapshot.wire }
    }
  }

  package func deleteSnapshot(request: Csi_V1_DeleteSnapshotRequest, context: ServerContext)
    async throws -> Csi_V1_DeleteSnapshotResponse
  {
    try await answering {
      try Field.require(request.snapshotID, "snapshot_id")
      try await pool.deleteSnapshot(request.snapshotID)
      return Csi_V1_DeleteSnapshotResponse()
    }
  }

  package func listSnapshots(request: Csi_V1_ListSnapshotsRequest, context: ServerContext)
    async throws -> Csi_V1_ListSnapshotsResponse
  {
    try await answering {
      let page = try pool.snapshots(
        limit: request.maxEntries, token: request.startingToken, id: request.snapshotID,
        sourceVolume: request.sourceVolumeID)
      return .with {
        $0.entries = page.entries.map { snapshot in .with { $0.snapshot = snapshot.wire } }
        $0.nextToken = page.nextToken
      }
    }
  }

  package func getSnapshot(request: Csi_V1_GetSnapshotRequest, context: ServerContext)
    async throws -> Csi_V1_GetSnapshotResponse
  {
    try await answering {
      try Field.require(request.snapshotID, "snapshot_id")
      let snapshot = try pool.snapshot(request.snapshotID)
      return .with { $0.snapshot = snapshot.wire }
    }
  }
}
