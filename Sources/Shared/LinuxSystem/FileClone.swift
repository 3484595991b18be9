internal import CLinux
internal import Glibc

/// Files that share their blocks until one of them is written (FICLONE).
package enum FileClone {
  /// Makes `destination`, which must not exist, a clone of `source`, and keeps it open.
  ///
  /// The clone is complete when this returns, but on stable storage only after `DurableFile.sync`.
  /// Fails with `EOPNOTSUPP` where the filesystem cannot share blocks, and leaves no file behind.
  package static func make(_ destination: String, of source: String, mode: UInt32 = 0o600)
    throws(SystemError) -> DescriptorHandle
  {
    let from = try DurableFile.open(source, O_RDONLY)
    return try make(destination, of: from, mode: mode)
  }

  /// As above, from a source that is already open.
  package static func make(
    _ destination: String, of source: DescriptorHandle, mode: UInt32 = 0o600
  ) throws(SystemError) -> DescriptorHandle {
    let to = try DurableFile.open(destination, O_RDWR | O_CREAT | O_EXCL, mode: mode)
    let answer = to.use { to in source.use { cl_clone(to, $0) } }
    guard answer == 0 else {
      unlink(destination)
      throw SystemError("FICLONE", destination, code: -answer)
    }
    return to
  }
}
