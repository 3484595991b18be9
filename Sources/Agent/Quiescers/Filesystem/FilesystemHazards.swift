internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model

/// What makes freezing a filesystem dangerous (section 6 of `docs/protocol.md`). Blocks its thread.
struct FilesystemHazards {
  let settings: QuiescerSettings
  let target: HoldTarget

  /// Filesystems that no FIFREEZE reaches, whatever a device behind them says.
  private static let unfreezable = [
    "nfs", "cifs", "smb", "ceph", "9p", "gluster", "fuse", "afs", "lustre", "ocfs2", "gfs2",
    "overlay", "tmpfs", "ramfs", "virtiofs",
  ]

  func check(_ mounts: [FreezableMount]) throws(Refusal) {
    let table: MountTable
    let version = LinuxKernel.version()
    guard version >= (5, 17) else {
      throw refused(
        "the kernel is \(version.major).\(version.minor), and block drivers of kernels before 5.17 can fail in mid-freeze"
      )
    }
    do { table = try MountTable.read() } catch {
      throw Refusal.because(error, target.member, "reading the mounts")
    }
    for mount in mounts {
      try checkKind(mount, table)
      try checkProtected(mount, table)
      try checkSwap(mount)
      try checkNesting(mount, mounts)
      try checkSharing(mount, table)
    }
  }

  private func checkKind(_ mount: FreezableMount, _ table: MountTable) throws(Refusal) {
    guard let entry = table.mounts(of: mount.device).last else { return }
    if Self.unfreezable.contains(where: { entry.fileSystem.hasPrefix($0) }) {
      throw refused("\(mount.path) is \(entry.fileSystem), which cannot be frozen")
    }
  }

  private func checkProtected(_ mount: FreezableMount, _ table: MountTable) throws(Refusal) {
    for path in settings.protectedPaths {
      // What does not exist protects nothing.
      guard let status = try? FileStatus.of(path), status.device == mount.device else { continue }
      guard let entry = table.mount(at: mount.path), entry.isPart else {
        throw refused("\(mount.path) shares its filesystem with \(path)")
      }
      throw refused(
        "its volume at \(mount.path) is one directory of \(entry.source), a filesystem of the node "
          + "that \(path) is on too, and a freeze would hold all of it",
        hint:
          "name `pause` instead, which stops the service's processes and nothing else, or use a driver "
          + "that gives each volume a filesystem of its own")
    }
  }

  private func checkSwap(_ mount: FreezableMount) throws(Refusal) {
    for path in LinuxKernel.swapFiles() {
      guard let status = try? FileStatus.of(path) else { continue }
      if status.device == mount.device || status.specialDevice == mount.device {
        throw refused("\(mount.path) holds the swap file \(path)")
      }
    }
  }

  /// A loop device whose file lies on another of the filesystems would have to be frozen before it and thawed after it.
  private func checkNesting(_ mount: FreezableMount, _ all: [FreezableMount]) throws(Refusal) {
    let backing = "/sys/dev/block/\(mount.countedDevice)/loop/backing_file"
    guard let file = try? TextFile.read(backing, limit: 8192).split(separator: "\n").first,
      let status = try? FileStatus.of(String(file))
    else { return }
    for other in all where other.device == status.device {
      throw refused(
        "\(mount.path) is kept in a file on \(other.path), which would be frozen with it")
    }
  }

  /// Another container that has the filesystem mounted would be held without being asked. A namespace that only
  /// copies this one's mounts, as service managers make them, is no user.
  private func checkSharing(_ mount: FreezableMount, _ table: MountTable) throws(Refusal) {
    let own = Set(table.mounts(of: mount.device).map(\.mountPoint))
    let members = [target.process.pid] + target.siblings.values.map(\.pid)
    // A process that ends meanwhile has no namespace any more, and uses nothing.
    var known = Set(members.compactMap { try? ProcessFacts.mountNamespace($0) })
    if let here = try? FileStatus.of("/proc/self/ns/mnt").inode { known.insert(here) }
    for pid in (try? ProcessFacts.all()) ?? [] {
      guard let namespace = try? ProcessFacts.mountNamespace(pid),
        known.insert(namespace).inserted, let other = try? MountTable.read(process: pid)
      else { continue }
      if let use = other.mounts(of: mount.device).first(where: { !own.contains($0.mountPoint) }) {
        throw refused(
          "\(mount.path) is also mounted at \(use.mountPoint) of process \(pid) (\(ProcessFacts.name(pid))), which is no part of \(target.member)"
        )
      }
    }
  }

  private func refused(
    _ reason: String, hint: String = "give the service a volume of its own"
  ) -> Refusal {
    Refusal(.hazard, "freeze of \(target.member) refused: \(reason)", hint: hint)
  }
}
