// The C library's `stat` counts as declared by CoreFoundation once any file of the module imports Foundation.
internal import CoreFoundation
package import FoundationEssentials
internal import Glibc
internal import LinuxSystem

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
    do {
      try DurableFile.replace("\(path)/\(name)", with: Array(bytes), mode: 0o600)
    } catch {
      throw IdentityError(.storage, "\(error)")
    }
  }

  /// Removes the file durably; one that is not there counts as removed.
  package func remove(_ name: String) throws(IdentityError) {
    do {
      try DurableFile.remove("\(path)/\(name)")
    } catch {
      throw IdentityError(.storage, "\(error)")
    }
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
