// The C library's `stat` counts as declared by CoreFoundation once any file of the module imports Foundation.
internal import CoreFoundation
package import FoundationEssentials
internal import Glibc

/// A directory of small secret files: mode 0700, files 0600, each replaced atomically and flushed to the disk.
///
/// A crash leaves the old file or the new one, never a part. Not for two processes that write at once.
package struct PrivateDirectory: Sendable {
  /// Larger files are refused as malformed.
  package static let largestFile = 64 * 1024

  package let path: String

  /// Makes the directory with mode 0700 when it is not there; refuses one that others may enter or that another
  /// user owns.
  package init(path: String) throws(IdentityError) {
    self.path = path
    if mkdir(path, 0o700) != 0 && errno != EEXIST {
      throw Self.failure("making directory \(path)")
    }
    var status = stat()
    guard lstat(path, &status) == 0 else { throw Self.failure("reading directory \(path)") }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw IdentityError(.storage, "\(path) is not a directory")
    }
    try Self.checkOwner(status, path: path, hint: "chmod 700 \(path)")
  }

  /// The file's bytes; nil when there is no such file. Refuses links, files of another user, and files that
  /// group or others may read or write.
  package func read(_ name: String) throws(IdentityError) -> Data? {
    let file = "\(path)/\(name)"
    let descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw Self.failure("opening \(file)")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure("reading \(file)") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw IdentityError(.storage, "\(file) is not a regular file")
    }
    try Self.checkOwner(status, path: file, hint: "chmod 600 \(file)")
    guard status.st_size <= Self.largestFile else {
      throw IdentityError(
        .malformed, "\(file) has \(status.st_size) bytes, at most \(Self.largestFile) are expected")
    }
    var bytes = Data()
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count <= Self.largestFile {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Self.failure("reading \(file)") }
      if count == 0 { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    return bytes
  }

  /// Replaces the file with these bytes; durable when it returns.
  package func write(_ name: String, _ bytes: Data) throws(IdentityError) {
    let file = "\(path)/\(name)"
    // One fixed name, so that what a crash left behind is overwritten and never piles up.
    let fresh = "\(path)/.\(name).new"
    unlink(fresh)
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.failure("creating \(fresh)") }
    do throws(IdentityError) {
      defer { close(descriptor) }
      var rest = Array(bytes)[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw Self.failure("writing \(fresh)") }
        rest = rest.dropFirst(count)
      }
      guard fsync(descriptor) == 0 else { throw Self.failure("flushing \(fresh)") }
    } catch {
      unlink(fresh)
      throw error
    }
    guard rename(fresh, file) == 0 else { throw Self.failure("replacing \(file)") }
    try flush()
  }

  /// Removes the file durably; one that is not there counts as removed.
  package func remove(_ name: String) throws(IdentityError) {
    guard unlink("\(path)/\(name)") == 0 || errno == ENOENT else {
      throw Self.failure("removing \(path)/\(name)")
    }
    try flush()
  }

  /// Makes renames and removals of the directory durable.
  private func flush() throws(IdentityError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure("opening directory \(path)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Self.failure("flushing directory \(path)") }
  }

  private static func checkOwner(_ status: stat, path: String, hint: String)
    throws(IdentityError)
  {
    guard status.st_uid == geteuid() else {
      throw IdentityError(
        .permissions, "\(path) belongs to user \(status.st_uid), not to user \(geteuid())",
        hint: "keys are only read from files that this user owns")
    }
    guard status.st_mode & 0o077 == 0 else {
      let mode = String(status.st_mode & 0o777, radix: 8)
      throw IdentityError(
        .permissions, "\(path) has mode 0\(mode): group or others can use it", hint: hint)
    }
  }

  /// Reads `errno`, so it must be called before anything else can change it.
  private static func failure(_ what: String) -> IdentityError {
    let reason = String(cString: strerror(errno))
    return IdentityError(.storage, "\(what) failed: \(reason.lowercased())")
  }
}
