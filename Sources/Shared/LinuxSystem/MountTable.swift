/// One mount, a line of `/proc/PID/mountinfo` (proc(5)).
package struct MountEntry: Hashable, Sendable {
  package var id: Int
  package var parent: Int
  package var device: DeviceNumber
  /// The directory of the filesystem that is the mount's root.
  package var root: String
  package var mountPoint: String
  package var options: [String]
  /// For example `ext4`, `nfs4`, `fuse.sshfs`.
  package var fileSystem: String
  /// What was mounted: a device's path for most, anything for others.
  package var source: String
  package var superOptions: [String]

  package var isReadOnly: Bool { options.contains("ro") || superOptions.contains("ro") }

  /// Filesystems that can be cut as a whole or not at all: none of their directories has snapshots of its own.
  private static let indivisible = [
    "ext2", "ext3", "ext4", "xfs", "f2fs", "jfs", "tmpfs", "ramfs", "overlay",
  ]

  /// One directory of such a filesystem, which reaches further: what is written elsewhere on it is no part of the mount, and
  /// nothing but a copy can take the mount without the rest.
  package var isPart: Bool { root != "/" && Self.indivisible.contains(fileSystem) }
}

/// The mounts that one process sees, in the kernel's order: of two at one mount point the later hides the earlier.
package struct MountTable: Hashable, Sendable {
  package var entries: [MountEntry]

  package init(entries: [MountEntry]) { self.entries = entries }

  /// Reads a process's table; its own for nil.
  package static func read(process: Int32? = nil) throws(SystemError) -> MountTable {
    let path = process.map { "/proc/\($0)/mountinfo" } ?? "/proc/self/mountinfo"
    return MountTable(parsing: try TextFile.read(path, limit: 16 << 20))
  }

  /// Lines that are not understood are left out: the format only ever gets further optional fields.
  package init(parsing text: String) {
    entries = text.split(separator: "\n").compactMap(MountTable.entry)
  }

  /// The mounts of a device, wherever they are.
  package func mounts(of device: DeviceNumber) -> [MountEntry] {
    entries.filter { $0.device == device }
  }

  /// What is mounted exactly here.
  package func mount(at path: String) -> MountEntry? {
    entries.last { $0.mountPoint == path }
  }

  /// The mount that an absolute path without symbolic links lies on.
  package func mount(covering path: String) -> MountEntry? {
    var best: MountEntry?
    for entry in entries
    where MountTable.contains(entry.mountPoint, path)
      && entry.mountPoint.utf8.count >= (best?.mountPoint.utf8.count ?? 0)
    {
      best = entry
    }
    return best
  }

  /// Whether `path` is `directory` or below it.
  package static func contains(_ directory: String, _ path: String) -> Bool {
    directory == "/" || path == directory || path.hasPrefix(directory + "/")
  }

  private static func entry(_ line: Substring) -> MountEntry? {
    // A mount may have an empty source, which is an empty field.
    let fields = line.split(separator: " ", omittingEmptySubsequences: false)
    guard fields.count >= 9, let separator = fields[6...].firstIndex(of: "-"),
      fields.count >= separator + 4, let id = Int(fields[0]), let parent = Int(fields[1]),
      let device = DeviceNumber(fields[2])
    else { return nil }
    return MountEntry(
      id: id, parent: parent, device: device, root: unescaped(fields[3]),
      mountPoint: unescaped(fields[4]), options: fields[5].split(separator: ",").map(String.init),
      fileSystem: unescaped(fields[separator + 1]), source: unescaped(fields[separator + 2]),
      superOptions: fields[separator + 3].split(separator: ",").map(String.init))
  }

  /// Space, tab, newline and backslash are written as three octal digits.
  static func unescaped(_ field: Substring) -> String {
    guard field.contains("\\") else { return String(field) }
    let bytes = Array(field.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\"), index + 3 < bytes.count,
        let value = UInt8(
          String(decoding: bytes[(index + 1)...(index + 3)], as: UTF8.self), radix: 8)
      {
        result.append(value)
        index += 4
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
