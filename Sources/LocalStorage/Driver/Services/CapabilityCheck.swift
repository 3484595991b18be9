internal import CSIWire

/// What a volume of this driver can be: a mounted filesystem on one node.
enum CapabilityCheck {
  typealias Capability = Csi_V1_VolumeCapability

  static func requireAny(_ capabilities: [Capability]) throws(StorageError) {
    guard !capabilities.isEmpty else {
      throw StorageError(.invalidArgument, "volume_capabilities are missing")
    }
    for capability in capabilities {
      if let fault = fault(of: capability, filesystem: nil) {
        throw StorageError(.invalidArgument, fault)
      }
    }
  }

  /// Checks a capability against a volume, as staging and publishing need it.
  static func require(_ capability: Capability?, for volume: StoredVolume) throws(StorageError) {
    guard let capability else {
      throw StorageError(.invalidArgument, "volume_capability is missing")
    }
    if let fault = fault(of: capability, filesystem: volume.filesystem) {
      throw StorageError(.invalidArgument, fault)
    }
  }

  /// Why a volume cannot have this capability; nil if it can.
  static func fault(of capability: Capability, filesystem: FilesystemKind?) -> String? {
    switch capability.accessType {
    case .mount(let mount):
      if !mount.fsType.isEmpty {
        guard let wanted = FilesystemKind(rawValue: mount.fsType) else {
          return "filesystem '\(mount.fsType.prefix(40))' is not possible: ext4 or xfs"
        }
        if let filesystem, wanted != filesystem {
          return "the volume holds \(filesystem.rawValue), not \(wanted.rawValue)"
        }
      }
      if !mount.volumeMountGroup.isEmpty { return "volume_mount_group is not supported" }
    case .block: return "raw block volumes are not supported: ask for a mount"
    case nil: return "the capability names no access type"
    }
    switch capability.accessMode.mode {
    case .singleNodeWriter, .singleNodeReaderOnly, .singleNodeSingleWriter,
      .singleNodeMultiWriter:
      return nil
    case .unknown, .UNRECOGNIZED: return "the capability names no access mode"
    default: return "a volume is on one node only: access mode \(capability.accessMode.mode)"
    }
  }

  static func use(_ capability: Capability, readOnly: Bool) -> VolumeMounts.Use {
    VolumeMounts.Use(
      mountFlags: capability.mount.mountFlags,
      readOnly: readOnly || capability.accessMode.mode == .singleNodeReaderOnly,
      single: capability.accessMode.mode == .singleNodeSingleWriter)
  }
}
