internal import Glibc
internal import LinuxSystem

/// Volumes on this node: attached to loop devices, staged (mounted once), published (bound to where they are used).
///
/// Nothing is remembered: what is attached and mounted is asked of the kernel each time, so a restart changes nothing.
package struct VolumeMounts: Sendable {
  package let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  /// How a volume is to be mounted.
  package struct Use: Hashable, Sendable {
    package var mountFlags: [String]
    package var readOnly: Bool
    /// No second published path at the same time.
    package var single: Bool

    package init(mountFlags: [String] = [], readOnly: Bool = false, single: Bool = false) {
      self.mountFlags = mountFlags
      self.readOnly = readOnly
      self.single = single
    }
  }

  /// Attaches the volume and mounts it at `path`; a volume that is staged there already stays as it is.
  package func stage(_ id: String, at path: String, use: Use) async throws {
    let volume = try pool.volume(id)
    try Self.requireAbsolute(path, "staging_target_path")
    let options = try MountOptions(words: use.mountFlags, for: volume.filesystem)
    try await pool.gate.enter(alone: ["volume \(id)"]) {
      let image = pool.image(of: volume)
      let attachment = try await onDedicatedThread { () throws(StorageError) in
        try Self.attach(volume, image: image, for: path)
      }
      defer { withExtendedLifetime(attachment.handle) {} }
      guard !attachment.isMounted else { return }
      try await growBeforeMounting(volume, on: attachment)
      try await onDedicatedThread { () throws(StorageError) in
        try StorageError.explaining("staging volume \(id)") {
          try Mounts.mount(
            attachment.device.path, at: Mounts.normalised(path),
            filesystem: volume.filesystem.rawValue, flags: options.flags, options: options.data)
        }
      }
      try await growMounted(try pool.volume(id), on: attachment.device, at: path)
    }
  }

  /// A device that shows the image. It stays at least as long as `handle`.
  private struct Attachment: Sendable {
    var device: LoopDevice
    var handle: DescriptorHandle?
    /// At the path that it was asked for.
    var isMounted: Bool
  }

  private static func attach(_ volume: StoredVolume, image: String, for path: String)
    throws(StorageError) -> Attachment
  {
    try StorageError.explaining("staging volume \(volume.id)") {
      try DurableFile.makeDirectories(path, mode: 0o750)
      let place = Mounts.normalised(path)
      let attached = try LoopDevice.find(backing: image)
      let entries = try MountTable.read().entries
      if let there = entries.last(where: { $0.mountPoint == place }) {
        if let attached, there.device == attached.device {
          return Attachment(device: attached, handle: nil, isMounted: true)
        }
        throw StorageError(
          .failedPrecondition, "staging volume \(volume.id): \(there.source) is mounted at \(path)")
      }
      if let attached, let other = entries.first(where: { $0.device == attached.device }) {
        throw StorageError(
          .failedPrecondition,
          "staging volume \(volume.id) at \(path): it is mounted at \(other.mountPoint)",
          hint: "unstage it there first")
      }
      if let attached {
        // About to detach itself, unless another mount namespace has it: held open, it stays either way.
        let handle = try attached.open()
        if try LoopDevice.find(backing: image) == attached {
          return Attachment(device: attached, handle: handle, isMounted: false)
        }
      }
      let (device, handle) = try LoopDevice.attach(image)
      return Attachment(device: device, handle: handle, isMounted: false)
    }
  }

  /// Lets an ext4 fill an image that became larger. Growing a mounted one needs more rights (CAP_SYS_RESOURCE)
  /// than a driver in a container may have.
  private func growBeforeMounting(_ volume: StoredVolume, on attachment: Attachment) async throws {
    guard volume.mustGrow, volume.filesystem == .ext4 else { return }
    try await Self.takeSize(volume, attachment.device)
    try await SystemTool.checkExt4.run([attachment.device.path])
    try await SystemTool.growExt4.run([attachment.device.path])
    try await pool.noteGrown(volume)
  }

  private func growMounted(_ volume: StoredVolume, on device: LoopDevice, at path: String)
    async throws
  {
    guard volume.mustGrow, let entry = try? Self.mount(at: path), !entry.isReadOnly else { return }
    try await Self.takeSize(volume, device)
    switch volume.filesystem {
    case .xfs: try await SystemTool.growXFS.run([path])
    case .ext4:
      do {
        try await SystemTool.growExt4.run([device.path])
      } catch {
        guard error.message.contains("Permission denied") else { throw error }
        throw StorageError(
          .failedPrecondition, "growing the mounted volume \(volume.id): \(error.message)",
          hint: "give the driver CAP_SYS_RESOURCE, or unstage the volume and stage it again")
      }
    }
    try await pool.noteGrown(volume)
  }

  private static func takeSize(_ volume: StoredVolume, _ device: LoopDevice)
    async throws(StorageError)
  {
    try await onDedicatedThread { () throws(StorageError) in
      do throws(SystemError) {
        try device.takeSize()
      } catch {
        throw StorageError(error, while: "growing volume \(volume.id)")
      }
    }
  }

  /// Unmounts the volume from where it is staged, and waits until its device is free.
  package func unstage(_ id: String, at path: String) async throws {
    let volume = try pool.volume(id)
    try Self.requireAbsolute(path, "staging_target_path")
    try await pool.gate.enter(alone: ["volume \(id)"]) {
      let image = pool.image(of: volume)
      try await onDedicatedThread { () throws(StorageError) in
        try StorageError.explaining("unstaging volume \(id)") {
          guard let device = try LoopDevice.find(backing: image) else { return }
          let place = Mounts.normalised(path)
          let entries = try MountTable.read().mounts(of: device.device)
          guard entries.contains(where: { $0.mountPoint == place }) else { return }
          if let other = entries.first(where: { $0.mountPoint != place }) {
            throw StorageError(
              .failedPrecondition,
              "unstaging volume \(id): it is still published at \(other.mountPoint)")
          }
          try Self.unmountAll(place, of: device)
          // Longer only if another mount namespace still has it, for example a container's.
          _ = try LoopDevice.waitUntilDetached(image, atMost: .seconds(2))
        }
      }
    }
  }

  /// Makes a staged volume visible at `target`, which is made if it does not exist.
  package func publish(_ id: String, from staging: String, at target: String, use: Use)
    async throws
  {
    let volume = try pool.volume(id)
    try Self.requireAbsolute(target, "target_path")
    guard !staging.isEmpty else {
      throw StorageError(
        .failedPrecondition, "publishing volume \(id): staging_target_path is missing")
    }
    try await pool.gate.enter(alone: ["volume \(id)"]) {
      let image = pool.image(of: volume)
      try await onDedicatedThread { () throws(StorageError) in
        try StorageError.explaining("publishing volume \(id)") {
          try Self.bind(volume, image: image, from: staging, at: target, use: use)
        }
      }
    }
  }

  private static func bind(
    _ volume: StoredVolume, image: String, from staging: String, at target: String, use: Use
  ) throws {
    let stage = Mounts.normalised(staging)
    let entries = try MountTable.read().entries
    guard let device = try LoopDevice.find(backing: image),
      entries.contains(where: { $0.mountPoint == stage && $0.device == device.device })
    else {
      throw StorageError(
        .failedPrecondition, "publishing volume \(volume.id): it is not staged at \(staging)")
    }
    let place = Mounts.normalised(target)
    if let there = entries.last(where: { $0.mountPoint == place }) {
      if there.device == device.device, there.isReadOnly == use.readOnly { return }
      throw StorageError(
        .alreadyExists,
        "publishing volume \(volume.id): \(there.source) is mounted at \(target) already, \(there.isReadOnly ? "read-only" : "writable")"
      )
    }
    if use.single,
      let other = entries.first(where: {
        $0.device == device.device && $0.mountPoint != stage && $0.mountPoint != place
      })
    {
      throw StorageError(
        .failedPrecondition,
        "publishing volume \(volume.id): its access mode allows one path, and it is at \(other.mountPoint)"
      )
    }
    try DurableFile.makeDirectories(target, mode: 0o750)
    try Mounts.bind(stage, at: Mounts.normalised(target), readOnly: use.readOnly)
  }

  /// Undoes `publish`, and removes the target directory.
  package func unpublish(_ id: String, at target: String) async throws {
    let volume = try pool.volume(id)
    try Self.requireAbsolute(target, "target_path")
    try await pool.gate.enter(alone: ["volume \(id)"]) {
      let image = pool.image(of: volume)
      try await onDedicatedThread { () throws(StorageError) in
        try StorageError.explaining("unpublishing volume \(id)") {
          if let device = try LoopDevice.find(backing: image) {
            try Self.unmountAll(Mounts.normalised(target), of: device)
          }
        }
        guard rmdir(target) == 0 || errno == ENOENT || errno == ENOTEMPTY || errno == EBUSY else {
          throw StorageError(
            SystemError("rmdir", target, code: errno), while: "unpublishing volume \(id)")
        }
      }
    }
  }

  /// Removes every mount of the device at this place; others that lie on top are not touched.
  private static func unmountAll(_ place: String, of device: LoopDevice) throws(SystemError) {
    while let top = try MountTable.read().mount(at: place), top.device == device.device {
      try Mounts.unmount(place)
    }
  }

  /// Lets the mounted filesystem take over the size of its image, which `ControllerExpandVolume` made larger.
  package func expand(_ id: String, at path: String) async throws -> Int64 {
    let volume = try pool.volume(id)
    return try await pool.gate.enter(alone: ["volume \(id)"]) {
      let device = try await mountedDevice(of: volume, at: path)
      try await growMounted(try pool.volume(id), on: device, at: path)
      return try pool.volume(id).capacity
    }
  }

  /// Bytes and inodes of the mounted filesystem: available to users, all, used.
  package func usage(_ id: String, at path: String) async throws -> (bytes: Usage, inodes: Usage) {
    let volume = try pool.volume(id)
    _ = try await mountedDevice(of: volume, at: path)
    return try await onDedicatedThread { () throws(StorageError) in
      var status = statvfs()
      guard statvfs(path, &status) == 0 else {
        throw StorageError(
          SystemError("statvfs", path, code: errno), while: "measuring volume \(id)")
      }
      let space = SpaceCount(status)
      let bytes = Usage(
        available: space.bytes(space.availableBlocks), total: space.bytes(space.blocks),
        used: space.bytes(space.usedBlocks))
      let files = SpaceCount(
        blockSize: 1, blocks: status.f_files, freeBlocks: status.f_ffree,
        availableBlocks: status.f_favail)
      let inodes = Usage(
        available: files.availableBlocks, total: files.blocks, used: files.usedBlocks)
      return (bytes, inodes)
    }
  }

  package struct Usage: Hashable, Sendable {
    package var available: Int64
    package var total: Int64
    package var used: Int64
  }

  private func mountedDevice(of volume: StoredVolume, at path: String) async throws(StorageError)
    -> LoopDevice
  {
    let image = pool.image(of: volume)
    return try await onDedicatedThread { () throws(StorageError) in
      do throws(SystemError) {
        if let device = try LoopDevice.find(backing: image),
          try Self.mount(at: path)?.device == device.device
        {
          return device
        }
      } catch {
        throw StorageError(error, while: "looking for volume \(volume.id)")
      }
      throw StorageError(.notFound, "volume \(volume.id) is not mounted at \(path)")
    }
  }

  /// Where the volume is mounted on this node, staging path included.
  package func mountPoints(of volume: StoredVolume) -> [String] {
    // A failure here means that nothing can be said, which an empty list says.
    guard let device = try? LoopDevice.find(backing: pool.image(of: volume)) else { return [] }
    return (try? MountTable.read().mounts(of: device.device).map(\.mountPoint)) ?? []
  }

  private static func mount(at path: String) throws(SystemError) -> MountEntry? {
    try MountTable.read().mount(at: Mounts.normalised(path))
  }

  private static func requireAbsolute(_ path: String, _ field: String) throws(StorageError) {
    guard path.hasPrefix("/"), path.utf8.count < 4096 else {
      throw StorageError(.invalidArgument, "\(field) '\(path.prefix(80))' is no absolute path")
    }
  }
}
