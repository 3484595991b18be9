package import CSIWire
package import GRPCCore
package import GRPCNIOTransportHTTP2Posix
internal import SwiftProtobuf

/// Calls that nearly every test of the driver makes.
package struct TestCalls: Sendable {
  package let identity: Csi_V1_Identity.Client<HTTP2ClientTransport.Posix>
  package let controller: Csi_V1_Controller.Client<HTTP2ClientTransport.Posix>
  package let group: Csi_V1_GroupController.Client<HTTP2ClientTransport.Posix>
  package let node: Csi_V1_Node.Client<HTTP2ClientTransport.Posix>

  package init(_ client: GRPCClient<HTTP2ClientTransport.Posix>) {
    identity = .init(wrapping: client)
    controller = .init(wrapping: client)
    group = .init(wrapping: client)
    node = .init(wrapping: client)
  }

  package static func capability(_ filesystem: String = "") -> Csi_V1_VolumeCapability {
    .with {
      $0.mount.fsType = filesystem
      $0.accessMode.mode = .singleNodeWriter
    }
  }

  package static func volumeRequest(
    _ name: String, bytes: Int64 = 64 << 20, filesystem: String = "",
    snapshot: String? = nil, volume: String? = nil
  ) -> Csi_V1_CreateVolumeRequest {
    .with {
      $0.name = name
      if bytes > 0 { $0.capacityRange.requiredBytes = bytes }
      $0.volumeCapabilities = [capability(filesystem)]
      if let snapshot { $0.volumeContentSource.snapshot.snapshotID = snapshot }
      if let volume { $0.volumeContentSource.volume.volumeID = volume }
    }
  }

  package func createVolume(
    _ name: String, bytes: Int64 = 64 << 20, filesystem: String = "",
    snapshot: String? = nil, volume: String? = nil
  ) async throws -> Csi_V1_Volume {
    try await controller.createVolume(
      Self.volumeRequest(
        name, bytes: bytes, filesystem: filesystem, snapshot: snapshot, volume: volume)
    ).volume
  }

  package func createSnapshot(_ name: String, of volume: String) async throws -> Csi_V1_Snapshot {
    try await controller.createSnapshot(
      .with {
        $0.name = name
        $0.sourceVolumeID = volume
      }
    ).snapshot
  }

  package func deleteVolume(_ id: String) async throws {
    _ = try await controller.deleteVolume(.with { $0.volumeID = id })
  }

  /// Stages at `<directory>/stage` and publishes at `<directory>/mount`, the path answered.
  @discardableResult
  package func publish(_ id: String, in directory: String, readOnly: Bool = false) async throws
    -> String
  {
    _ = try await node.nodeStageVolume(
      .with {
        $0.volumeID = id
        $0.stagingTargetPath = "\(directory)/stage"
        $0.volumeCapability = Self.capability()
      })
    _ = try await node.nodePublishVolume(
      .with {
        $0.volumeID = id
        $0.stagingTargetPath = "\(directory)/stage"
        $0.targetPath = "\(directory)/mount"
        $0.volumeCapability = Self.capability()
        $0.readonly = readOnly
      })
    return "\(directory)/mount"
  }

  package func unpublish(_ id: String, in directory: String) async throws {
    _ = try await node.nodeUnpublishVolume(
      .with {
        $0.volumeID = id
        $0.targetPath = "\(directory)/mount"
      })
    _ = try await node.nodeUnstageVolume(
      .with {
        $0.volumeID = id
        $0.stagingTargetPath = "\(directory)/stage"
      })
  }
}
