internal import CLinux
internal import Glibc

/// What is mounted, and mounting.
package enum Mounts {
  /// What may differ from a plain mount; numbers of mount(2).
  package struct Flags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt
    package init(rawValue: UInt) { self.rawValue = rawValue }
    package static let readOnly = Flags(rawValue: 1)
    package static let noSetUserID = Flags(rawValue: 2)
    package static let noDevices = Flags(rawValue: 4)
    package static let noExecution = Flags(rawValue: 8)
    package static let synchronous = Flags(rawValue: 16)
    package static let remount = Flags(rawValue: 32)
    package static let synchronousDirectories = Flags(rawValue: 128)
    package static let noAccessTimes = Flags(rawValue: 1024)
    package static let noDirectoryAccessTimes = Flags(rawValue: 2048)
    package static let bind = Flags(rawValue: 4096)
    package static let relativeAccessTimes = Flags(rawValue: 1 << 21)
  }

  /// Every mount that this process sees, in the kernel's order: a later one at the same point hides an earlier one.
  package static func all() throws(SystemCallError) -> [MountEntry] {
    do {
      return try MountTable.read().entries
    } catch {
      throw SystemCallError("reading", of: error.subject, number: error.code)
    }
  }

  /// The mount whose mount point is exactly this path, the topmost if several are stacked.
  package static func at(_ path: String) throws(SystemCallError) -> MountEntry? {
    let wanted = normalised(path)
    return try all().last { $0.mountPoint == wanted }
  }

  /// The mount that this path lies on.
  package static func covering(_ path: String) throws(SystemCallError) -> MountEntry? {
    MountTable(entries: try all()).mount(covering: normalised(path))
  }

  package static func mount(
    _ source: String, at target: String, filesystem: String, flags: Flags = [],
    options: String = ""
  ) throws(SystemCallError) {
    let answer = cl_mount(source, target, filesystem, flags.rawValue, options)
    guard answer == 0 else {
      throw SystemCallError("mounting \(source) at", of: target, number: -answer)
    }
  }

  /// Makes a directory's content visible at `target` too. A read-only bind takes a second step, as mount(2) wants it.
  package static func bind(_ source: String, at target: String, readOnly: Bool)
    throws(SystemCallError)
  {
    try mount(source, at: target, filesystem: "none", flags: .bind)
    guard readOnly else { return }
    do throws(SystemCallError) {
      try mount("none", at: target, filesystem: "none", flags: [.bind, .remount, .readOnly])
    } catch {
      _ = cl_unmount(target)
      throw error
    }
  }

  /// Removes the topmost mount at this path. Fails with `EBUSY` while anything uses it, `EINVAL` where nothing is mounted.
  package static func unmount(_ path: String) throws(SystemCallError) {
    let answer = cl_unmount(path)
    guard answer == 0 else { throw SystemCallError("unmounting", of: path, number: -answer) }
  }

  /// The path with symbolic links resolved, as `mountinfo` shows it; a path that does not exist is only cleaned of its
  /// trailing slash.
  package static func normalised(_ path: String) -> String {
    if let resolved = realpath(path, nil) {
      defer { free(resolved) }
      return String(cString: resolved)
    }
    return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }
}
