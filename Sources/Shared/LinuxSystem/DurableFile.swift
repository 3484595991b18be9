internal import CLinux
internal import Glibc

/// Files and directory entries that survive a power cut once the call has returned.
package enum DurableFile {
  package static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o600)
    throws(SystemError) -> DescriptorHandle
  {
    let number = Glibc.open(path, flags | O_CLOEXEC, mode)
    guard number >= 0 else { throw SystemError("open", path, code: errno) }
    return DescriptorHandle(owning: number)
  }

  /// Waits until everything written to the open file is on stable storage.
  package static func sync(_ file: DescriptorHandle, path: String) throws(SystemError) {
    try file.call("fsync", path) { fsync($0) }
  }

  /// Waits until the entries of a directory are on stable storage.
  package static func syncDirectory(_ path: String) throws(SystemError) {
    try sync(open(path, O_RDONLY | O_DIRECTORY), path: path)
  }

  /// Puts `bytes` into `path` as a whole: after a crash there is the old content or the new, never a part.
  ///
  /// What a crash left behind is written anew and never piles up. Not for two writers of one file at once.
  ///
  /// - Parameter syncingDirectory: false when the caller syncs the directory itself, later.
  package static func replace(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o600, syncingDirectory: Bool = true
  ) throws(SystemError) {
    let file = try stage(path, with: bytes, mode: mode)
    do throws(SystemError) {
      try sync(file, path: temporary(path))
    } catch {
      unstage(path)
      throw error
    }
    try publish(path, syncingDirectory: syncingDirectory)
  }

  /// The first half of `replace`: writes the new content beside `path`, which still names the old one. Nothing is on
  /// stable storage before the returned file is synced.
  package static func stage(_ path: String, with bytes: [UInt8], mode: UInt32 = 0o600)
    throws(SystemError) -> DescriptorHandle
  {
    let temporary = temporary(path)
    // Made anew, so that neither the mode nor the target of what lies there is taken over.
    unlink(temporary)
    let file = try open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
    do throws(SystemError) {
      var written = 0
      while written < bytes.count {
        written += try file.call("write", temporary) { number in
          bytes[written...].withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
        }
      }
      return file
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Waits until the file's data has been handed to the device. Neither its metadata nor what the device keeps in a cache
  /// of its own is on stable storage then: both come with the next forced write of the filesystem's log.
  package static func handOver(_ file: DescriptorHandle, path: String) throws(SystemError) {
    try SystemError.check(Int(file.use { cl_hand_over($0) }), "sync_file_range", path)
  }

  /// The second half of `replace`: gives what was staged its name.
  package static func publish(_ path: String, syncingDirectory: Bool = true) throws(SystemError) {
    let temporary = temporary(path)
    guard rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw SystemError("rename", temporary, code: code)
    }
    if syncingDirectory { try syncDirectory(parent(of: path)) }
  }

  /// Takes back what was staged and not published; nothing staged is nothing to do.
  package static func unstage(_ path: String) { unlink(temporary(path)) }

  private static func temporary(_ path: String) -> String { path + ".new" }

  /// Removes an entry and waits until that is on stable storage; one that is not there counts as removed.
  package static func remove(_ path: String) throws(SystemError) {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw SystemError("unlink", path, code: errno)
    }
    try syncDirectory(parent(of: path))
  }

  /// Makes a directory and those above it that are missing; existing ones are left as they are.
  package static func makeDirectories(_ path: String, mode: UInt32 = 0o755)
    throws(SystemError)
  {
    if mkdir(path, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, path != "/", !path.isEmpty else {
      throw SystemError("mkdir", path, code: errno)
    }
    try makeDirectories(parent(of: path), mode: mode)
    guard mkdir(path, mode) == 0 || errno == EEXIST else {
      throw SystemError("mkdir", path, code: errno)
    }
  }

  /// The directory that holds this entry.
  package static func parent(of path: String) -> String {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
  }
}
