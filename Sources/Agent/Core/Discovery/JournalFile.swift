internal import FoundationEssentials
internal import Glibc

/// A file that grows by whole, durable writes. Not for use by more than one task at a time.
final class JournalFile {
  let path: String
  private let descriptor: Int32
  /// Everything before it was made durable; what lies behind is not there.
  private(set) var length: Int
  /// Whether a write failed in a way that leaves the file's state in doubt: it must be rewritten before it may grow.
  private(set) var isSuspect = false

  enum Opening {
    /// Created with mode 0600 where it is not there.
    case kept
    /// The same, and emptied.
    case emptied
    /// Must be there.
    case existing

    fileprivate var flags: Int32 {
      switch self {
      case .kept: O_CREAT
      case .emptied: O_CREAT | O_TRUNC
      case .existing: 0
      }
    }
  }

  init(path: String, _ opening: Opening) throws(JournalError) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CLOEXEC | opening.flags, 0o600)
    guard descriptor >= 0 else { throw JournalFile.failure("open of \(path)") }
    let end = lseek(descriptor, 0, SEEK_END)
    guard end >= 0 else {
      let failure = JournalFile.failure("reading the length of \(path)")
      close(descriptor)
      throw failure
    }
    length = Int(end)
  }

  deinit { close(descriptor) }

  /// Reads `count` bytes at `offset`; fewer only at the end of the file.
  func read(at offset: Int, count: Int) throws(JournalError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes {
        pread(
          descriptor, $0.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw Self.failure("read of \(path)") }
      if got == 0 { break }
      filled += got
    }
    return filled == count ? bytes : Array(bytes.prefix(filled))
  }

  /// Appends and makes durable. When it throws, the file is as it was before, or `isSuspect`.
  func append(_ bytes: [UInt8]) throws(JournalError) {
    do throws(JournalError) {
      try write(bytes, at: length)
      guard fdatasync(descriptor) == 0 else {
        // After a failed flush the kernel may call the pages clean all the same.
        isSuspect = true
        throw Self.failure("flush of \(path)")
      }
      length += bytes.count
    } catch {
      if ftruncate(descriptor, off_t(length)) != 0 { isSuspect = true }
      throw error
    }
  }

  /// Cuts off what lies behind `length`, and makes that durable.
  func truncate(to length: Int) throws(JournalError) {
    guard ftruncate(descriptor, off_t(length)) == 0, fdatasync(descriptor) == 0 else {
      throw Self.failure("truncation of \(path)")
    }
    self.length = length
  }

  /// Writes in place without making it durable.
  func write(_ bytes: [UInt8], at offset: Int) throws(JournalError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(
          descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.failure("write to \(path)") }
      done += count
    }
  }

  /// Takes the lock that keeps a second process out for as long as this object lives.
  func lock() throws(JournalError) {
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      guard errno == EWOULDBLOCK else { throw Self.failure("lock of \(path)") }
      throw JournalError(
        .inUse, "\(path) is locked by another process",
        hint: "only one agent may use a state directory; stop the other one")
    }
  }

  /// Gives this file the name `target` and makes the change durable.
  func rename(to target: String, in directory: String) throws(JournalError) -> JournalFile {
    guard Glibc.rename(path, target) == 0 else {
      throw Self.failure("renaming \(path) to \(target)")
    }
    try Self.syncDirectory(directory)
    return try JournalFile(path: target, .existing)
  }

  /// Whether there is something at `path`.
  static func exists(_ path: String) throws(JournalError) -> Bool {
    if access(path, F_OK) == 0 { return true }
    guard errno == ENOENT else { throw failure("look-up of \(path)") }
    return false
  }

  /// Makes names in `directory` durable.
  static func syncDirectory(_ directory: String) throws(JournalError) {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open of \(directory)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("flush of \(directory)") }
  }

  /// The error of the system call that has just failed.
  static func failure(_ attempt: String) -> JournalError {
    let number = errno
    let reason = String(cString: strerror(number))
    guard number == ENOSPC || number == EDQUOT else {
      return JournalError(.io, "\(attempt) failed: \(reason)")
    }
    return JournalError(
      .full, "\(attempt) failed: \(reason)",
      hint: "free space there; what was recorded before is safe")
  }
}
