internal import CLinux

/// Freezing a mounted filesystem (ioctl_fs(2)): writers wait, readers go on.
///
/// These calls block: a freeze as long as its dirty pages take, a thaw as long as a freeze that is under way.
package enum FilesystemFreeze {
  /// Throws with `EBUSY` when it is frozen already, `EOPNOTSUPP` for a filesystem that cannot be frozen.
  package static func freeze(_ directory: DescriptorHandle, name: String) throws(SystemError) {
    try SystemError.check(Int(directory.use { cl_freeze($0) }), "freeze", name)
  }

  /// Throws with `EINVAL` when it is not frozen.
  package static func thaw(_ directory: DescriptorHandle, name: String) throws(SystemError) {
    try SystemError.check(Int(directory.use { cl_thaw($0) }), "thaw", name)
  }

  /// Writes all dirty pages of the filesystem, and waits for them.
  package static func synchronize(_ directory: DescriptorHandle, name: String) throws(SystemError) {
    try SystemError.check(Int(directory.use { cl_syncfs($0) }), "syncfs", name)
  }
}
