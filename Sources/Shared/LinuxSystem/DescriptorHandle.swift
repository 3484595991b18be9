internal import CLinux
internal import Glibc

/// A file descriptor that closes itself with its last reference.
package final class DescriptorHandle: Sendable, Hashable {
  /// The descriptor's number; valid for as long as this object lives.
  package let number: Int32

  /// Takes ownership of an open descriptor.
  package init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  package static func == (left: DescriptorHandle, right: DescriptorHandle) -> Bool {
    left === right
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension DescriptorHandle {
  /// Opens a directory for reading; reading leaves no trace on it.
  package static func directory(_ path: String) throws(SystemError) -> DescriptorHandle {
    let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw SystemError("open", path, code: errno) }
    return DescriptorHandle(owning: number)
  }

  /// Opens a path as a process with this directory as its root would see it.
  package func opened(_ path: String, directory: Bool = false) throws(SystemError)
    -> DescriptorHandle
  {
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (directory ? O_DIRECTORY : 0)
    let number = try SystemError.check(Int(cl_open_in_root(self.number, path, flags)), "open", path)
    return DescriptorHandle(owning: Int32(number))
  }

  /// A pipe, both ends close-on-exec.
  package static func pipe() throws(SystemError) -> (
    reading: DescriptorHandle, writing: DescriptorHandle
  ) {
    _ = ignoresBrokenPipes
    var ends: [Int32] = [-1, -1]
    try SystemError.check(Int(cl_pipe(&ends)), "pipe", "a session")
    return (DescriptorHandle(owning: ends[0]), DescriptorHandle(owning: ends[1]))
  }

  /// A write to a program that has just ended is an error to be handled, not the end of this process. Programs that
  /// this process starts get the usual behaviour back.
  private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

  package func status() throws(SystemError) -> FileStatus {
    var status = stat()
    guard fstat(number, &status) == 0 else {
      throw SystemError("stat", "descriptor \(number)", code: errno)
    }
    return FileStatus(status)
  }

  /// Writes what is in memory of this file to its device, and waits for it.
  package func synchronize() throws(SystemError) {
    guard fsync(number) == 0 else {
      throw SystemError("fsync", "descriptor \(number)", code: errno)
    }
  }

  /// The names in this directory, without `.` and `..`.
  package func names() throws(SystemError) -> [String] {
    // A duplicate shares the position, so the directory is opened anew through itself.
    let again = openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard again >= 0, let stream = fdopendir(again) else {
      throw SystemError("readdir", "descriptor \(number)", code: errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}

/// What identifies a file and tells whether it was written.
package struct FileStatus: Hashable, Sendable {
  package var device: DeviceNumber
  package var inode: UInt64
  package var size: Int64
  /// Nanoseconds since 1970.
  package var modified: Int64
  package var isDirectory: Bool
  /// For a device file, the device it stands for.
  package var specialDevice: DeviceNumber

  init(_ status: stat) {
    device = DeviceNumber(UInt(status.st_dev))
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    isDirectory = status.st_mode & S_IFMT == S_IFDIR
    specialDevice = DeviceNumber(UInt(status.st_rdev))
  }

  /// Follows symbolic links.
  package static func of(_ path: String) throws(SystemError) -> FileStatus {
    var status = stat()
    guard stat(path, &status) == 0 else { throw SystemError("stat", path, code: errno) }
    return FileStatus(status)
  }
}
