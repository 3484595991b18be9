/// A container, as its runtime names it.
package struct ContainerID: OpaqueHandle {
  package static let kind = "container ID"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// A CSI driver, as its `GetPluginInfo` answers (CSI specification, `GetPluginInfoResponse.name`).
package struct DriverName: OpaqueHandle {
  package static let kind = "driver name"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// A volume, as its CSI driver names it (`Volume.volume_id`).
package struct VolumeHandle: OpaqueHandle {
  package static let kind = "volume handle"
  package let text: String
  package init(accepted text: String) { self.text = text }
}

/// A snapshot, as its CSI driver names it (`Snapshot.snapshot_id`).
package struct SnapshotHandle: OpaqueHandle {
  package static let kind = "snapshot handle"
  package let text: String
  package init(accepted text: String) { self.text = text }
}
