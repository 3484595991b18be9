internal import CLinux
internal import Glibc

/// A file descriptor that closes itself with its last reference.
///
/// The number is lent to a body and never given away: whoever only read it could see its descriptor closed, and another
/// one under the same number, before the call that the number was for.
package final class DescriptorHandle: Sendable, Hashable {
  private let number: Int32

  /// Takes ownership of an open descriptor.
  package init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  package static func == (left: DescriptorHandle, right: DescriptorHandle) -> Bool {
    left === right
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

  /// Calls `body` with the number, and keeps the descriptor open until it returns.
  ///
  /// `errno` has to be read in the body: what comes after it may close the descriptor.
  package func use<Value, Failure: Error>(_ body: (Int32) throws(Failure) -> Value)
    throws(Failure) -> Value
  {
    defer { withExtendedLifetime(self) {} }
    return try body(number)
  }

  /// The same for several at once; -1 stands for those that are not there.
  package static func use<Value, Failure: Error>(
    _ handles: [DescriptorHandle?], _ body: ([Int32]) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    defer { withExtendedLifetime(handles) {} }
    return try body(handles.map { $0?.number ?? -1 })
  }

  /// A call of the C library that answers a negative number and sets `errno` when it fails; made again when a signal
  /// interrupted it. The error names `call` and `subject`.
  @discardableResult
  package func call<Count: SignedInteger>(
    _ call: String, _ subject: String, _ body: (Int32) -> Count
  ) throws(SystemError) -> Count {
    try use { (number) throws(SystemError) in
      while true {
        let result = body(number)
        if result >= 0 { return result }
        guard errno == EINTR else { throw SystemError(call, subject, code: errno) }
      }
    }
  }
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
    let number = use { cl_open_in_root($0, path, flags) }
    return DescriptorHandle(owning: Int32(try SystemError.check(Int(number), "open", path)))
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
    try call("stat", "an open file") { fstat($0, &status) }
    return FileStatus(status)
  }

  /// Writes what is in memory of this file to its device, and waits for it.
  package func synchronize() throws(SystemError) {
    try call("fsync", "an open file") { fsync($0) }
  }

  /// The names in this directory, without `.` and `..`.
  package func names() throws(SystemError) -> [String] {
    // A duplicate shares the position, so the directory is opened anew through itself.
    let again = try call("open", "a directory") {
      openat($0, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard let stream = fdopendir(again) else {
      let code = errno
      close(again)
      throw SystemError("readdir", "a directory", code: code)
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
  /// Nanoseconds since 1970; wide enough for any time that the owner of a file can give it (utimensat(2)).
  package var modified: Int128
  package var isDirectory: Bool
  /// For a device file, the device it stands for.
  package var specialDevice: DeviceNumber

  init(_ status: stat) {
    device = DeviceNumber(UInt(status.st_dev))
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = Int128(status.st_mtim.tv_sec) * 1_000_000_000 + Int128(status.st_mtim.tv_nsec)
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
