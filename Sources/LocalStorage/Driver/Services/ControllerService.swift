package import CSIWire
package import GRPCCore
internal import SwiftProtobuf

/// `csi.v1.Controller`: volumes and snapshots of the pool. Its calls are in the parts of this type.
package struct ControllerService: Csi_V1_Controller.SimpleServiceProtocol {
  let pool: Pool
  let mounts: VolumeMounts
  let identity: DriverIdentity

  package func controllerGetCapabilities(
    request: Csi_V1_ControllerGetCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerGetCapabilitiesResponse {
    // GetSnapshot is answered too, but is alpha in the specification, and older callers refuse what they do not know.
    let types: [Csi_V1_ControllerServiceCapability.RPC.TypeEnum] = [
      .createDeleteVolume, .listVolumes, .listVolumesPublishedNodes, .getCapacity,
      .createDeleteSnapshot, .listSnapshots, .cloneVolume, .expandVolume, .singleNodeMultiWriter,
    ]
    return .with {
      $0.capabilities = types.map { type in .with { $0.rpc.type = type } }
    }
  }

  /// Volumes are on one node, so there is nothing to attach from outside.
  package func controllerPublishVolume(
    request: Csi_V1_ControllerPublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerPublishVolumeResponse {
    throw RPCError(code: .unimplemented, message: "volumes of this driver need no attaching")
  }

  package func controllerUnpublishVolume(
    request: Csi_V1_ControllerUnpublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerUnpublishVolumeResponse {
    throw RPCError(code: .unimplemented, message: "volumes of this driver need no attaching")
  }

  package func getCapacity(request: Csi_V1_GetCapacityRequest, context: ServerContext)
    async throws -> Csi_V1_GetCapacityResponse
  {
    try await answering {
      let wanted = request.accessibleTopology.segments[DriverIdentity.topologyKey]
      let possible =
        (wanted == nil || wanted == identity.node)
        && request.volumeCapabilities.allSatisfy {
          CapabilityCheck.fault(of: $0, filesystem: nil) == nil
        }
      guard possible else { return Csi_V1_GetCapacityResponse() }
      let (available, largest) = try pool.capacity()
      return .with {
        $0.availableCapacity = available
        $0.maximumVolumeSize = .with { $0.value = largest }
        $0.minimumVolumeSize = .with { $0.value = FilesystemKind.ext4.minimumBytes }
      }
    }
  }

  func wire(_ volume: StoredVolume) -> Csi_V1_Volume {
    .with {
      $0.volumeID = volume.id
      $0.capacityBytes = volume.capacity
      $0.volumeContext = ["fsType": volume.filesystem.rawValue]
      $0.accessibleTopology = [.with { $0.segments = [DriverIdentity.topologyKey: identity.node] }]
      switch volume.source {
      case .snapshot(let id): $0.contentSource.snapshot.snapshotID = id
      case .volume(let id): $0.contentSource.volume.volumeID = id
      case nil: break
      }
    }
  }
}

extension StoredSnapshot {
  /// As the wire has it. A clone is whole at once, so it is always ready.
  var wire: Csi_V1_Snapshot {
    .with {
      $0.snapshotID = id
      $0.sourceVolumeID = sourceVolume
      $0.sizeBytes = capacity
      $0.creationTime = Self.timestamp(createdAt)
      $0.readyToUse = true
      $0.groupSnapshotID = group ?? ""
    }
  }

  static func timestamp(_ nanoseconds: Int64) -> Google_Protobuf_Timestamp {
    .with {
      $0.seconds = nanoseconds / 1_000_000_000
      $0.nanos = Int32(nanoseconds % 1_000_000_000)
    }
  }
}
