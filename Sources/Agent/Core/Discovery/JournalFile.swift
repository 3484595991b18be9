internal import FoundationEssentials
internal import Glibc
internal import LinuxSystem

/// A file that grows by whole, durable writes. Not for use by more than one task at a time.
final class JournalFile {
  let path: String
  private let file: DescriptorHandle
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
    do {
      file = try DurableFile.open(path, O_RDWR | opening.flags)
      length = Int(try file.call("lseek", path) { lseek($0, 0, SEEK_END) })
    } catch {
      throw JournalError(error)
    }
  }

  /// Reads `count` bytes at `offset`; fewer only at the end of the file.
  func read(at offset: Int, count: Int) throws(JournalError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = try call("read") { number in
        bytes.withUnsafeMutableBytes {
          pread(number, $0.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        }
      }
      if got == 0 { break }
      filled += got
    }
    return filled == count ? bytes : Array(bytes.prefix(filled))
  }

  /// Appends and makes durable. When it throws, the file is as it was before, or `isSuspect`.
  func append(_ bytes: [UInt8]) throws(JournalError) {
    do throws(JournalError) {
      try write(bytes, at: length)
      do throws(JournalError) {
        try call("fdatasync") { fdatasync($0) }
      } catch {
        // After a failed flush the kernel may call the pages clean all the same.
        isSuspect = true
        throw error
      }
      length += bytes.count
    } catch {
      if file.use({ ftruncate($0, off_t(length)) }) != 0 { isSuspect = true }
      throw error
    }
  }

  /// Cuts off what lies behind `length`, and makes that durable.
  func truncate(to length: Int) throws(JournalError) {
    try call("truncate") { ftruncate($0, off_t(length)) }
    try call("fdatasync") { fdatasync($0) }
    self.length = length
  }

  /// Writes in place without making it durable.
  func write(_ bytes: [UInt8], at offset: Int) throws(JournalError) {
    var done = 0
    while done < bytes.count {
      done += try call("write") { number in
        bytes.withUnsafeBytes {
          pwrite(number, $0.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
        }
      }
    }
  }

  /// Takes the lock that keeps a second process out for as long as this object lives.
  func lock() throws(JournalError) {
    do {
      try file.call("lock", path) { flock($0, LOCK_EX | LOCK_NB) }
    } catch {
      guard error.code == EWOULDBLOCK else { throw JournalError(error) }
      throw JournalError(
        .inUse, "\(path) is locked by another process",
        hint: "only one agent may use a state directory; stop the other one")
    }
  }

  /// Gives this file the name `target` and makes the change durable.
  func rename(to target: String, in directory: String) throws(JournalError) -> JournalFile {
    guard Glibc.rename(path, target) == 0 else {
      throw JournalError(SystemError("rename", path, code: errno))
    }
    try Self.syncDirectory(directory)
    return try JournalFile(path: target, .existing)
  }

  /// Whether there is something at `path`.
  static func exists(_ path: String) throws(JournalError) -> Bool {
    if access(path, F_OK) == 0 { return true }
    guard errno == ENOENT else { throw JournalError(SystemError("look-up", path, code: errno)) }
    return false
  }

  /// Makes names in `directory` durable.
  static func syncDirectory(_ directory: String) throws(JournalError) {
    do { try DurableFile.syncDirectory(directory) } catch { throw JournalError(error) }
  }

  @discardableResult
  private func call<Count: SignedInteger>(
    _ name: String, _ body: (Int32) -> Count
  ) throws(JournalError) -> Count {
    do { return try file.call(name, path, body) } catch { throw JournalError(error) }
  }
}

extension JournalError {
  /// Tells a full disk, which passes, from one that fails.
  init(_ error: SystemError) {
    guard error.code == ENOSPC || error.code == EDQUOT else {
      self.init(.io, "\(error)")
      return
    }
    self.init(.full, "\(error)", hint: "free space there; what was recorded before is safe")
  }
}
