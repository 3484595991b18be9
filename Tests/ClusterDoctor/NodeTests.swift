import ClusterDoctor
import Foundation
import LinuxSystem
import Testing

/// Runs `body` with a directory that stands for a machine's root. Short, since a socket's path is.
private func withRoot<Value>(_ body: (String) throws -> Value) throws -> Value {
  let root = "/tmp/sp-\(UUID().uuidString.prefix(8))"
  for path in ["/sys/fs/cgroup", "/var/lib", "/run/containerd", "/proc"] {
    try FileManager.default.createDirectory(
      atPath: root + path, withIntermediateDirectories: true)
  }
  defer { try? FileManager.default.removeItem(atPath: root) }
  return try body(root)
}

/// Listens at a path while `body` runs.
private func listening<Value>(at path: String, _ body: () throws -> Value) throws -> Value {
  let handle = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(handle) }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
  let bound = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(handle, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  try #require(bound == 0 && listen(handle, 1) == 0, "\(String(cString: strerror(errno)))")
  return try body()
}

private func look(
  _ root: String, sockets: [String] = NodeFacts.usualSockets, kernel: String = "6.1.0",
  isRoot: Bool = true
) -> NodeFacts {
  NodeFacts(
    sockets: sockets, directories: ["/var/lib/stillpoint-agent"], root: root, kernel: kernel,
    isRoot: isRoot)
}

extension NodeFacts {
  fileprivate func finding(_ check: String) -> Finding? { findings.first { $0.check == check } }
}

struct `Looking at a node` {
  @Test func `finds the runtime's socket, its control groups and its room`() throws {
    try withRoot { root in
      let path = "/run/containerd/containerd.sock"
      try Data().write(to: URL(filePath: root + "/sys/fs/cgroup/cgroup.controllers"))
      try listening(at: root + path) {
        let facts = look(root)
        #expect(facts.sockets[path] == .answers)
        #expect(facts.finding("cri-socket")?.verdict == .good)
        #expect(facts.finding("cri-socket")?.advice == nil)
        #expect(facts.groups == .unified)
        #expect(facts.room.map(\.path) == ["/var/lib/stillpoint-agent"])
        #expect(facts.room.first.map { $0.freeBytes > 0 } == true)
      }
    }
  }

  @Test func `tells a socket elsewhere, one that nobody serves, and none`() throws {
    try withRoot { root in
      let other = "/run/other.sock"
      try listening(at: root + other) {
        let found = look(root, sockets: [other]).finding("cri-socket")
        #expect(found?.verdict == .good)
        #expect(found?.advice?.contains("criSocket: /run/other.sock") == true)
      }
      // The file outlives its listener.
      let dead = look(root, sockets: [other])
      #expect(
        dead.sockets[other] == .refuses(SystemError("connect", root + other, code: ECONNREFUSED)))
      #expect(dead.finding("cri-socket")?.verdict == .missing)
      #expect(
        look(root, sockets: [other], isRoot: false).finding("cri-socket")?.verdict == .warning)
      #expect(look(root).finding("cri-socket")?.verdict == .missing)
    }
  }

  @Test(
    arguments: [
      ("6.8.0-31-generic", .good), ("5.17.0", .good), ("5.16.20", .missing),
      ("4.18.0-553.el8", .missing),
      ("", .missing),
    ] as [(String, Finding.Verdict)])
  func `judges the kernel`(release: String, verdict: Finding.Verdict) throws {
    try withRoot { root in
      #expect(look(root, kernel: release).finding("kernel")?.verdict == verdict)
    }
  }

  @Test(
    arguments: [
      (8 << 30, 100_000, .good), (100 << 20, 100_000, .warning), (1 << 20, 100_000, .missing),
      (8 << 30, 10, .missing),
    ] as [(Int64, Int64, Finding.Verdict)])
  func `judges the room that is left`(bytes: Int64, files: Int64, verdict: Finding.Verdict) throws {
    try withRoot { root in
      var facts = look(root)
      facts.room = [NodeFacts.Room(path: "/x", freeBytes: bytes, freeFiles: files)]
      #expect(facts.finding("disk-room")?.verdict == verdict)
    }
  }

  @Test func `tells the older control groups from none`() throws {
    try withRoot { root in
      #expect(look(root).finding("control-groups")?.verdict == .note)
      try FileManager.default.removeItem(atPath: root + "/sys/fs/cgroup")
      #expect(look(root).finding("control-groups")?.verdict == .missing)
    }
  }
}
