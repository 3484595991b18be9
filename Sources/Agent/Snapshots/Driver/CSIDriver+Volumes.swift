internal import CSIWire
internal import GRPCCore
package import Model
internal import SwiftProtobuf

/// A volume to be made.
package struct CSIVolumeOrder: Hashable, Sendable {
  /// Idempotent: the same name always gives the same volume. 1 to 128 bytes.
  package var name: String
  /// 0 where the driver or the snapshot decides.
  package var sizeBytes: Int64
  /// Empty where the driver or the snapshot decides.
  package var filesystem: String
  package var source: SnapshotHandle?

  package init(
    name: String, sizeBytes: Int64 = 0, filesystem: String = "", source: SnapshotHandle? = nil
  ) {
    self.name = name
    self.sizeBytes = sizeBytes
    self.filesystem = filesystem
    self.source = source
  }
}

/// A volume that a driver made.
package struct CSIVolume: Hashable, Sendable {
  package var handle: VolumeHandle
  package var sizeBytes: Int64
  /// What staging and publishing must pass on, unread.
  package var context: [String: String]
}

extension CSIVolume {
  /// Keys and values of a context together (the specification's "Size Limits" say 4 KiB). What is larger could be stored
  /// beside the volume and not be read back.
  static let largestContext = 64 << 10

  init(_ wire: Csi_V1_Volume) throws(UnusableAnswer) {
    let size = wire.volumeContext.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    guard size <= Self.largestContext else {
      throw UnusableAnswer(
        description:
          "its volume_context has \(size) bytes; at most \(Self.largestContext) are kept")
    }
    do {
      handle = try VolumeHandle(wire.volumeID)
    } catch {
      throw UnusableAnswer(description: error.description)
    }
    sizeBytes = max(0, wire.capacityBytes)
    context = wire.volumeContext
  }
}

extension CSIDriver {
  /// Makes a volume that this node can mount.
  package func createVolume(_ order: CSIVolumeOrder) async throws(CSIError) -> CSIVolume {
    let abilities = try await inspect()
    let topology = abilities.hasTopology ? try await nodeInfo().accessibleTopology : nil
    let (client, configuration) = (controller, configuration)
    let answer = try await connection.call("CreateVolume", within: limits.change) { options in
      try await client.createVolume(
        .with {
          $0.name = order.name
          $0.volumeCapabilities = [Self.capability(filesystem: order.filesystem)]
          if order.sizeBytes > 0 { $0.capacityRange.requiredBytes = order.sizeBytes }
          $0.parameters = configuration.volumeParameters
          $0.secrets = configuration.wireSecrets
          if let source = order.source {
            $0.volumeContentSource.snapshot.snapshotID = source.text
          }
          if let topology {
            $0.accessibilityRequirements.requisite = [topology]
            $0.accessibilityRequirements.preferred = [topology]
          }
        }, options: options)
    }
    do {
      return try CSIVolume(answer.volume)
    } catch {
      throw malformed("CreateVolume", error.description)
    }
  }

  /// Deletes a volume; one that is not there counts as deleted.
  package func deleteVolume(_ volume: VolumeHandle) async throws(CSIError) {
    let (client, configuration) = (controller, configuration)
    try await ignoringAbsence { () async throws(CSIError) in
      _ = try await connection.call("DeleteVolume", within: limits.change) { options in
        try await client.deleteVolume(
          .with {
            $0.volumeID = volume.text
            $0.secrets = configuration.wireSecrets
          }, options: options)
      }
    }
  }

  /// Attaches and stages where the driver wants that, then publishes at `target`, whose parent must exist.
  package func publish(
    _ volume: VolumeHandle, context: [String: String], filesystem: String, staging: String,
    target: String, readOnly: Bool = false
  ) async throws(CSIError) {
    let abilities = try await inspect()
    let publishContext = abilities.attaches ? try await attach(volume, context, filesystem) : [:]
    let (client, configuration) = (node, configuration)
    if abilities.stages {
      _ = try await connection.call("NodeStageVolume", within: limits.change) { options in
        try await client.nodeStageVolume(
          .with {
            $0.volumeID = volume.text
            $0.publishContext = publishContext
            $0.stagingTargetPath = staging
            $0.volumeCapability = Self.capability(filesystem: filesystem)
            $0.secrets = configuration.wireSecrets
            $0.volumeContext = context
          }, options: options)
      }
    }
    _ = try await connection.call("NodePublishVolume", within: limits.change) { options in
      try await client.nodePublishVolume(
        .with {
          $0.volumeID = volume.text
          $0.publishContext = publishContext
          if abilities.stages { $0.stagingTargetPath = staging }
          $0.targetPath = target
          $0.readonly = readOnly
          $0.volumeCapability = Self.capability(filesystem: filesystem)
          $0.secrets = configuration.wireSecrets
          $0.volumeContext = context
        }, options: options)
    }
  }

  /// Undoes `publish`; what is undone already, or a volume that is gone, is no error.
  package func unpublish(_ volume: VolumeHandle, staging: String, target: String)
    async throws(CSIError)
  {
    let abilities = try await inspect()
    let client = node
    try await ignoringAbsence { () async throws(CSIError) in
      _ = try await connection.call("NodeUnpublishVolume", within: limits.change) { options in
        try await client.nodeUnpublishVolume(
          .with {
            $0.volumeID = volume.text
            $0.targetPath = target
          }, options: options)
      }
    }
    if abilities.stages {
      try await ignoringAbsence { () async throws(CSIError) in
        _ = try await connection.call("NodeUnstageVolume", within: limits.change) { options in
          try await client.nodeUnstageVolume(
            .with {
              $0.volumeID = volume.text
              $0.stagingTargetPath = staging
            }, options: options)
        }
      }
    }
    guard abilities.attaches else { return }
    let nodeID = try await nodeInfo().nodeID
    let (controller, configuration) = (controller, configuration)
    try await ignoringAbsence { () async throws(CSIError) in
      _ = try await connection.call("ControllerUnpublishVolume", within: limits.change) { options in
        try await controller.controllerUnpublishVolume(
          .with {
            $0.volumeID = volume.text
            $0.nodeID = nodeID
            $0.secrets = configuration.wireSecrets
          }, options: options)
      }
    }
  }

  private func attach(_ volume: VolumeHandle, _ context: [String: String], _ filesystem: String)
    async throws(CSIError) -> [String: String]
  {
    let nodeID = try await nodeInfo().nodeID
    let (client, configuration) = (controller, configuration)
    let answer = try await connection.call("ControllerPublishVolume", within: limits.change) {
      options in
      try await client.controllerPublishVolume(
        .with {
          $0.volumeID = volume.text
          $0.nodeID = nodeID
          $0.volumeCapability = Self.capability(filesystem: filesystem)
          $0.secrets = configuration.wireSecrets
          $0.volumeContext = context
        }, options: options)
    }
    return answer.publishContext
  }

  private func nodeInfo() async throws(CSIError) -> Csi_V1_NodeGetInfoResponse {
    let client = node
    return try await connection.call("NodeGetInfo", within: limits.question) {
      try await client.nodeGetInfo(Csi_V1_NodeGetInfoRequest(), options: $0)
    }
  }

  private func ignoringAbsence(_ body: () async throws(CSIError) -> Void) async throws(CSIError) {
    do throws(CSIError) {
      try await body()
    } catch {
      guard error.code == .notFound else { throw error }
    }
  }

  private static func capability(filesystem: String) -> Csi_V1_VolumeCapability {
    .with {
      $0.mount.fsType = filesystem
      $0.accessMode.mode = .singleNodeWriter
    }
  }
}
