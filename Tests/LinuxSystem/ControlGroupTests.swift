import Foundation
import Glibc
import LinuxSystem
import Testing

@Suite(.enabled(if: geteuid() == 0)) struct ControlGroupTests {
  @Test func `a released process is in no group of its own any more`() throws {
    let groups = try ControlGroups(at: "/sys/fs/cgroup")
    let name = "stillpoint-test-\(UUID().uuidString)"
    let root = try #require(groups.roots.first { access("\($0)/cgroup.procs", W_OK) == 0 })
    let own = "\(root)/\(name)"
    guard mkdir(own, 0o755) == 0 else { return }
    defer { rmdir(own) }
    let process = try ChildProcess(
      path: "/bin/sleep", arguments: ["600"], environment: [], descriptors: [])
    defer { try? process.kill() }
    // Some controllers take no process before they are set up; then there is nothing to be released from.
    guard
      (try? Data("\(process.pid)".utf8).write(to: URL(fileURLWithPath: "\(own)/cgroup.procs")))
        != nil
    else { return }
    #expect(try groupsOf(process.pid).contains { $0.hasSuffix("/\(name)") })
    try groups.release(process.pid)
    #expect(try groupsOf(process.pid).allSatisfy { $0.hasSuffix(":/") })
  }

  @Test func `a directory without control groups is refused`() throws {
    let error = #expect(throws: SystemError.self) { try ControlGroups(at: "/etc") }
    #expect(error?.code == ENOENT)
  }

  private func groupsOf(_ pid: Int32) throws -> [String] {
    try TextFile.read("/proc/\(pid)/cgroup", limit: 65536).split(separator: "\n").map(String.init)
  }
}
