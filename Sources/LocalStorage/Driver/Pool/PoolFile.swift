internal import Glibc
internal import LinuxSystem
package import Model

/// A pool for machines without a filesystem that can clone: a sparse file with an XFS inside, mounted over a loop device.
package struct PoolFile: Hashable, Sendable {
  package var file: String
  /// For a file that does not exist yet; an existing one keeps its size.
  package var size: ByteSize
  /// Where the filesystem inside is mounted.
  package var mountPoint: String

  package init(file: String, size: ByteSize, mountPoint: String) {
    self.file = file
    self.size = size
    self.mountPoint = mountPoint
  }

  /// What mkfs.xfs accepts, with room for a volume.
  package static let minimumSize = ByteSize(bytes: 320 << 20)

  /// Makes the file if there is none, and mounts it unless it is mounted already.
  package func mount() async throws(StorageError) {
    if access(file, F_OK) != 0 { try await make() }
    let pool = self
    try await onDedicatedThread { () throws(StorageError) in try pool.attach() }
  }

  private func make() async throws(StorageError) {
    guard size.bytes >= Self.minimumSize.bytes else {
      throw StorageError(
        .outOfRange, "a pool of \(size) is too small: XFS needs \(Self.minimumSize) at least")
    }
    let unfinished = file + ".new"
    do throws(SystemError) {
      try DurableFile.makeDirectories(DurableFile.parent(of: file), mode: 0o700)
      unlink(unfinished)
      let handle = try DurableFile.open(unfinished, O_RDWR | O_CREAT | O_EXCL)
      let bytes = off_t(ByteSize.wholeMebibytes(size.bytes))
      try handle.call("truncate", unfinished) { ftruncate($0, bytes) }
    } catch {
      throw StorageError(error, while: "making pool file \(file)")
    }
    try await SystemTool.makePoolFilesystem.run([unfinished])
    do throws(SystemError) {
      try DurableFile.sync(DurableFile.open(unfinished, O_RDWR), path: unfinished)
      guard rename(unfinished, file) == 0 else {
        throw SystemError("rename", unfinished, code: errno)
      }
      try DurableFile.syncDirectory(DurableFile.parent(of: file))
    } catch {
      throw StorageError(error, while: "making pool file \(file)")
    }
  }

  private func attach() throws(StorageError) {
    do throws(SystemError) {
      try DurableFile.makeDirectories(mountPoint, mode: 0o700)
      let attached = try LoopDevice.find(backing: file)
      if let mounted = try MountTable.read().mount(at: Mounts.normalised(mountPoint)) {
        guard let attached, mounted.device == attached.device else {
          throw SystemError("mount (something else is mounted there)", mountPoint, code: EBUSY)
        }
        return
      }
      let device: LoopDevice
      let handle: DescriptorHandle?
      if let attached {
        (device, handle) = (attached, nil)
      } else {
        (device, handle) = try LoopDevice.attach(file)
      }
      try withExtendedLifetime(handle) { () throws(SystemError) in
        try Mounts.mount(device.path, at: mountPoint, filesystem: "xfs", flags: .noAccessTimes)
      }
    } catch {
      throw StorageError(error, while: "mounting pool file \(file)")
    }
  }

  /// Unmounts unless volumes are in use; the loop device goes with the mount.
  ///
  /// The kernel lets go of a filesystem a moment after its last user has gone, hence the second of patience. One that
  /// stays busy has attached volumes, which go on working; the next start finds the pool mounted.
  package func unmountIfUnused() async {
    let pool = self
    await onDedicatedThread {
      for _ in 0..<100 {
        do throws(SystemError) {
          return try Mounts.unmount(pool.mountPoint)
        } catch {
          guard error.code == EBUSY else { return }
          usleep(10_000)
        }
      }
    }
  }
}
