import Foundation
import LinuxSystem
import Testing

/// A control group of the machine's unified hierarchy.
final class TestGroup: Sendable {
  let path: String

  init() throws {
    let root = try #require(
      try ControlGroups(at: "/sys/fs/cgroup").unified, "this machine has no unified hierarchy")
    path = root + "/sp-test-\(UUID())"
    try shell("mkdir \(path)")
    // Should this process be killed in the middle of a test, a watcher takes the group away, paused or not.
    let watcher = try ChildProcess(
      path: "/bin/sh",
      arguments: [
        "-c",
        """
        while kill -0 \(LinuxKernel.processNumber()) && [ -d \(path) ]; do sleep 1; done
        \(Self.removal(path))
        """,
      ], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], descriptors: [nil, nil, nil])
    startThread { watcher.reap(.seconds(3600)) }
  }

  /// Whether the kernel says that no process of it runs.
  var isPaused: Bool {
    get throws {
      try TextFile.read(path + "/cgroup.events", limit: 1000).contains("frozen 1")
    }
  }

  /// Whether it was asked for.
  var isAsked: Bool {
    get throws { try TextFile.read(path + "/cgroup.freeze", limit: 100).hasPrefix("1") }
  }

  func write(_ text: String, to file: String) throws { try shell("echo \(text) > \(path)/\(file)") }

  private static func removal(_ path: String) -> String {
    """
    [ -d \(path) ] || exit 0
    echo 0 > \(path)/cgroup.freeze; echo 1 > \(path)/cgroup.kill
    for try in 1 2 3 4 5 6 7 8 9 10; do rmdir \(path)/* \(path) 2>/dev/null; [ -d \(path) ] || exit 0; sleep 0.3; done
    """
  }

  func remove() { _ = try? shell(Self.removal(path)) }
}
