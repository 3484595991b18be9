internal import LinuxSystem

/// What a caller may ask of a mount, parsed from the words of `mount_flags`.
struct MountOptions: Hashable, Sendable {
  var flags: Mounts.Flags
  /// Options for the filesystem itself, comma-separated.
  var data: String

  private static let known: [String: Mounts.Flags] = [
    "ro": .readOnly, "nosuid": .noSetUserID, "nodev": .noDevices, "noexec": .noExecution,
    "sync": .synchronous, "dirsync": .synchronousDirectories, "noatime": .noAccessTimes,
    "nodiratime": .noDirectoryAccessTimes, "relatime": .relativeAccessTimes,
  ]

  init(words: [String], for filesystem: FilesystemKind) throws(StorageError) {
    var flags: Mounts.Flags = []
    // A copy has its original's UUID, which XFS refuses to mount a second time.
    var data = filesystem == .xfs ? ["nouuid"] : []
    for word in words.flatMap({ $0.split(separator: ",").map(String.init) }) {
      if let flag = Self.known[word] {
        flags.insert(flag)
      } else if word != "rw", word != "defaults", !data.contains(word) {
        data.append(word)
      }
    }
    // mount(2) reads at most one page of options.
    guard data.reduce(0, { $0 + $1.utf8.count + 1 }) < 4096 else {
      throw StorageError(.invalidArgument, "mount_flags are too long: 4095 bytes at most")
    }
    guard !data.contains(where: { $0.utf8.contains { $0 < 0x20 || $0 == 0x7f } }) else {
      throw StorageError(.invalidArgument, "mount_flags contain control characters")
    }
    self.flags = flags
    self.data = data.joined(separator: ",")
  }
}
