internal import CLinux
internal import Glibc

/// Mounting and unmounting; `MountTable` says what is mounted.
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

  package static func mount(
    _ source: String, at target: String, filesystem: String, flags: Flags = [],
    options: String = ""
  ) throws(SystemError) {
    let answer = cl_mount(source, target, filesystem, flags.rawValue, options)
    guard answer == 0 else {
      throw SystemError("mount (\(source))", target, code: -answer)
    }
  }

  /// Makes a directory's content visible at `target` too. A read-only bind takes a second step, as mount(2) wants it.
  package static func bind(_ source: String, at target: String, readOnly: Bool)
    throws(SystemError)
  {
    try mount(source, at: target, filesystem: "none", flags: .bind)
    guard readOnly else { return }
    do throws(SystemError) {
      try mount("none", at: target, filesystem: "none", flags: [.bind, .remount, .readOnly])
    } catch {
      _ = cl_unmount(target)
      throw error
    }
  }

  /// Removes the topmost mount at this path. Fails with `EBUSY` while anything uses it, `EINVAL` where nothing is mounted.
  package static func unmount(_ path: String) throws(SystemError) {
    let answer = cl_unmount(path)
    guard answer == 0 else { throw SystemError("umount", path, code: -answer) }
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
