internal import CLinux
internal import Glibc

/// A line of a process's `mountinfo` (proc(5)).
package struct MountEntry: Hashable, Sendable {
  /// `major:minor` of the mounted filesystem.
  package var device: String
  /// The directory inside the filesystem that is shown; "/" unless it is a bind mount of a part.
  package var root: String
  package var mountPoint: String
  package var options: [String]
  package var filesystem: String
  package var source: String

  package var isReadOnly: Bool { options.contains("ro") }

  /// Reads one line; nil for anything that does not look like one.
  package init?(line: some StringProtocol) {
    let fields = line.split(separator: " " as Character, omittingEmptySubsequences: false)
    guard fields.count >= 10, let dash = fields[6...].firstIndex(of: "-"),
      dash + 2 < fields.count
    else { return nil }
    device = String(fields[2])
    root = Self.unescape(fields[3])
    mountPoint = Self.unescape(fields[4])
    options = fields[5].split(separator: "," as Character).map { String($0) }
    filesystem = String(fields[dash + 1])
    source = Self.unescape(fields[dash + 2])
  }

  /// The kernel writes space, tab, newline and backslash as three octal digits.
  private static func unescape(_ field: some StringProtocol) -> String {
    guard field.utf8.contains(UInt8(ascii: "\\")) else { return String(field) }
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

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

  /// Every mount that a process sees, in the kernel's order: a later one at the same point hides an earlier one.
  package static func all(process: String = "self") throws(SystemCallError) -> [MountEntry] {
    let bytes = try DurableFile.read("/proc/\(process)/mountinfo", limit: 64 << 20)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n" as Character)
      .compactMap { MountEntry(line: $0) }
  }

  /// The mount whose mount point is exactly this path, the topmost if several are stacked.
  package static func at(_ path: String) throws(SystemCallError) -> MountEntry? {
    let wanted = normalised(path)
    return try all().last { $0.mountPoint == wanted }
  }

  /// The mount that this path lies on.
  package static func covering(_ path: String) throws(SystemCallError) -> MountEntry? {
    let wanted = normalised(path)
    var best: MountEntry?
    for entry in try all() where contains(entry.mountPoint, wanted) {
      if entry.mountPoint.utf8.count >= best?.mountPoint.utf8.count ?? 0 { best = entry }
    }
    return best
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

  private static func contains(_ directory: String, _ path: String) -> Bool {
    directory == "/" || path == directory || path.hasPrefix(directory + "/")
  }
}
