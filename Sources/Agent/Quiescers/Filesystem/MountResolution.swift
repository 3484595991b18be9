internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// Finds the filesystems behind a member's volumes, as node and container see them. Blocks its thread.
struct MountResolution {
  let target: HoldTarget

  /// One per filesystem, in the order of the plan's volumes.
  func mounts() throws(Refusal) -> [FreezableMount] {
    guard !target.volumes.isEmpty else {
      throw Refusal(
        .hazard, "freeze of \(target.member) refused: it has no volumes",
        hint: "leave the filesystem hold out, or select its volumes")
    }
    let root = try containerRoot()
    let table = try attempt("mounts") { () throws(SystemError) in try MountTable.read() }
    var mounts: [FreezableMount] = []
    for volume in target.volumes {
      let (directory, path) = try directory(of: volume, root: root)
      let status = try attempt("volume") { () throws(SystemError) in try directory.status() }
      guard !mounts.contains(where: { $0.device == status.device }) else { continue }
      mounts.append(
        FreezableMount(
          directory: directory, path: path, device: status.device,
          countedDevice: try countedDevice(status.device, path, table)))
    }
    return mounts
  }

  /// The filesystem of a volume, opened where the node has it, or else where the container has it.
  private func directory(
    of volume: MemberVolume, root: DescriptorHandle
  ) throws(Refusal) -> (DescriptorHandle, path: String) {
    let inside: DescriptorHandle
    do {
      inside = try root.opened(volume.containerPath, directory: true)
    } catch {
      throw Refusal(
        .moved,
        "volume \(volume.volume.handle) of \(target.member): \(volume.containerPath) cannot be opened in the container: \(error.reason)"
      )
    }
    let seen = try attempt("volume") { () throws(SystemError) in try inside.status().device }
    let published = volume.volume.publishedAt
    // A node that has unmounted it already still reaches it through the container.
    if let outside = try? DescriptorHandle.directory(published),
      let device = try? outside.status().device
    {
      if device == seen { return (outside, published) }
      if (try? MountTable.read())?.mount(at: published) != nil {
        throw Refusal(
          .moved,
          "volume \(volume.volume.handle) of \(target.member): the container's \(volume.containerPath) is device \(seen), but \(published) is device \(device)"
        )
      }
    }
    return (inside, "/proc/\(target.process.pid)/root\(volume.containerPath)")
  }

  private func containerRoot() throws(Refusal) -> DescriptorHandle {
    try attempt("volumes") { () throws(SystemError) in
      try DescriptorHandle.directory("/proc/\(target.process.pid)/root")
    }
  }

  /// The block device that counts this filesystem's writes: itself, or what is mounted there (btrfs numbers its own).
  private func countedDevice(
    _ device: DeviceNumber, _ path: String, _ table: MountTable
  ) throws(Refusal) -> DeviceNumber {
    if device.sectorsWritten() != nil { return device }
    if let source = table.mounts(of: device).last?.source,
      let status = try? FileStatus.of(source), status.specialDevice.sectorsWritten() != nil
    {
      return status.specialDevice
    }
    throw Refusal(
      .hazard,
      "freeze of \(target.member) refused: \(path) lies on no block device whose writes are counted",
      hint: "network and memory filesystems cannot be frozen; use another hold")
  }

  private func attempt<T>(
    _ what: String, _ body: () throws(SystemError) -> T
  ) throws(Refusal) -> T {
    do { return try body() } catch {
      throw Refusal.because(error, target.member, "reading the \(what)")
    }
  }
}
