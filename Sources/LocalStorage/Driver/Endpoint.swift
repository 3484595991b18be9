internal import Glibc
internal import LinuxSystem

/// The Unix socket that the driver listens on.
package struct Endpoint: Hashable, Sendable {
  /// The kernel's `sun_path` has 108 bytes, the last of them zero.
  static let maximumPathLength = 107

  package let path: String

  /// Reads `unix:///path`, `unix:/path` or a plain absolute path.
  package init(_ text: String) throws(StorageError) {
    var path = text[...]
    if path.hasPrefix("unix://") {
      path = path.dropFirst(7)
    } else if path.hasPrefix("unix:") {
      path = path.dropFirst(5)
    }
    guard path.hasPrefix("/"), path.count > 1 else {
      throw StorageError(
        .invalidArgument, "endpoint '\(text.prefix(128))' is not possible",
        hint: "for example unix:///run/stillpoint/csi-local.sock")
    }
    guard path.utf8.count <= Self.maximumPathLength else {
      throw StorageError(
        .invalidArgument,
        "endpoint '\(text.prefix(128))…' is too long: a socket's path has \(Self.maximumPathLength) bytes at most"
      )
    }
    self.path = String(path)
  }

  /// Binds the socket, for its owner only. A socket that nobody listens on any more is replaced.
  func listen() throws(StorageError) -> Int32 {
    do throws(SystemError) {
      try DurableFile.makeDirectories(DurableFile.parent(of: path))
      if access(path, F_OK) == 0 {
        guard try !answers() else {
          throw SystemError("listen (another process does)", path, code: EADDRINUSE)
        }
        unlink(path)
      }
      let number = try newSocket()
      let bound = withAddress { bind(number, $0, $1) }
      guard bound == 0, chmod(path, 0o600) == 0, Glibc.listen(number, 64) == 0 else {
        let error = SystemError("listen", path, code: errno)
        close(number)
        throw error
      }
      return number
    } catch {
      throw StorageError(error, while: "opening endpoint \(path)")
    }
  }

  /// Removes the socket's entry.
  func remove() { unlink(path) }

  private func answers() throws(SystemError) -> Bool {
    let number = try newSocket()
    defer { close(number) }
    return withAddress { connect(number, $0, $1) } == 0
  }

  private func newSocket() throws(SystemError) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let number = socket(AF_UNIX, type, 0)
    guard number >= 0 else { throw SystemError("socket", path, code: errno) }
    return number
  }

  private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
