internal import Foundation
package import LinuxSystem

/// What this machine tells that matters before it becomes a node of Stillpoint's. Blocks its thread while it looks.
package struct NodeFacts: Hashable, Sendable {
  /// What is at the path of a runtime's socket.
  package enum Socket: Hashable, Sendable {
    case absent
    case answers
    case refuses(SystemError)
  }

  /// The room of the filesystem that has, or will have, a directory.
  package struct Room: Hashable, Sendable {
    package var path: String
    package var freeBytes: Int64
    /// Inodes; the largest number where the filesystem counts none.
    package var freeFiles: Int64

    package init(path: String, freeBytes: Int64, freeFiles: Int64) {
      self.path = path
      self.freeBytes = freeBytes
      self.freeFiles = freeFiles
    }
  }

  package enum Groups: Hashable, Sendable {
    case unified, perController, absent
  }

  package var kernel: String
  package var isRoot: Bool
  package var groups: Groups
  package var sockets: [String: Socket]
  package var hasKubelet: Bool
  package var room: [Room]

  /// Where runtimes put their sockets, the usual first.
  package static let usualSockets = [
    "/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock",
    "/var/run/crio/crio.sock", "/run/cri-dockerd.sock",
  ]

  /// Looks at this machine. Paths are looked for below `root`, which is `/` but for tests.
  package init(
    sockets: [String], directories: [String], root: String = "", kernel: String, isRoot: Bool
  ) {
    self.kernel = kernel
    self.isRoot = isRoot
    let exists = { (path: String) in FileManager.default.fileExists(atPath: root + path) }
    groups =
      exists("/sys/fs/cgroup/cgroup.controllers")
      ? .unified : exists("/sys/fs/cgroup") ? .perController : .absent
    self.sockets = Dictionary(
      sockets.map { ($0, exists($0) ? UnixSocket.attempt(root + $0) : .absent) }
    ) { first, _ in first }
    hasKubelet = exists("/var/lib/kubelet")
    room = directories.compactMap { Self.room(of: $0, root: root) }
  }

  /// Of the nearest directory above that exists.
  private static func room(of path: String, root: String) -> Room? {
    var place = path
    while !FileManager.default.fileExists(atPath: root + place), place != "/" {
      place = (place as NSString).deletingLastPathComponent
    }
    var status = statvfs()
    guard statvfs(root + place, &status) == 0 else { return nil }
    return Room(
      path: path,
      freeBytes: Int64(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize)),
      freeFiles: status.f_files == 0 ? .max : Int64(clamping: UInt64(status.f_favail)))
  }
}

/// Connecting to a socket of this machine, without saying anything.
enum UnixSocket {
  static func attempt(_ path: String) -> NodeFacts.Socket {
    let handle = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard handle >= 0 else { return .refuses(SystemError("socket", path, code: errno)) }
    defer { close(handle) }
    // A listener whose queue is full would let us wait for ever.
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    setsockopt(
      handle, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      return .refuses(SystemError("connect", path, code: ENAMETOOLONG))
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(handle, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return result == 0 ? .answers : .refuses(SystemError("connect", path, code: errno))
  }
}
