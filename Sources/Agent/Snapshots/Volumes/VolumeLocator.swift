package import LinuxSystem
package import Model

/// Finds which CSI volume a directory of the node lies on.
package enum VolumeLocator {
  /// The volume that is mounted at or above the path; nil for anything that no `vol_data.json` describes.
  ///
  /// A mount that is a part of a volume (a pod's subPath, a bind mount) is traced to where the volume itself is published.
  package static func volume(at hostPath: String, in table: MountTable) throws(SystemError)
    -> VolumeRef?
  {
    guard let entry = table.mount(covering: Mounts.normalised(hostPath)) else { return nil }
    if let found = try volume(mountedAt: entry) { return found }
    for other in table.mounts(of: entry.device)
    where other != entry && MountTable.contains(other.root, entry.root) {
      // A staging directory of kubelet has a file as well; where the volume is published is what containers see.
      if other.mountPoint.hasSuffix("/globalmount") { continue }
      if let found = try volume(mountedAt: other) { return found }
    }
    return nil
  }

  private static func volume(mountedAt entry: MountEntry) throws(SystemError) -> VolumeRef? {
    guard entry.mountPoint != "/",
      let document = try VolumeDocument.read(in: DurableFile.parent(of: entry.mountPoint)),
      document.staging != entry.mountPoint,
      let driver = document.driver, let handle = document.handle
    else { return nil }
    return VolumeRef(driver: driver, handle: handle, publishedAt: entry.mountPoint)
  }
}
