import AgentCore
import Foundation
import LinuxSystem
import Testing

/// A real server in a mount namespace of its own, where its volume is at `/srv`.
final class TestServer: Sendable {
  let volume: TestVolume
  let process: ChildProcess

  /// Prepares the volume with `setup`, and runs `command` as `user` in the namespace, and in a control group where one is given.
  init(
    volume: TestVolume, user: String, setup: String, command: String, group: TestGroup? = nil
  ) throws {
    self.volume = volume
    try shell(
      "chown \(user) \(volume.path) && { \(setup); } >/dev/null 2>&1", timeout: .seconds(120))
    process = try ChildProcess(
      path: "/usr/bin/unshare",
      arguments: [
        "-m", "--propagation", "private", "/bin/sh", "-c",
        """
        mount --bind \(volume.path) /srv && cd / || exit 1
        { while kill -0 \(LinuxKernel.processNumber()) && kill -0 $$; do sleep 1; done; kill -9 $$; } \
        2>/dev/null & \(group.map { "echo $$ > \($0.path)/cgroup.procs || exit 1;" } ?? "") exec setpriv --reuid \(user) --regid \(user) --clear-groups \(command) \
        >\(volume.directory)/log 2>&1
        """,
      ], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"],
      descriptors: [nil, nil, nil])
  }

  func target(cap: Duration = .seconds(10)) throws -> HoldTarget {
    try .of(pid: process.pid, volumes: [("/srv", volume.path)], cap: cap)
  }

  /// Runs a script beside the server, in its mount namespace.
  @discardableResult
  func inside(_ script: String) throws -> String {
    try shell("nsenter -t \(process.pid) -m /bin/sh -c '\(script)'")
  }

  /// Kills the server, and leaves its volume.
  func halt() {
    try? FilesystemFreeze.thaw(DescriptorHandle.directory(volume.path), name: volume.path)
    // Its session: a server's own children go with it.
    kill(-process.pid, SIGKILL)
    try? process.kill()
    process.reap(.seconds(20))
  }

  func stop() {
    halt()
    volume.remove()
  }
}

/// A client in a loop, for load; ends with this process. `RUNNING` in the script is true for as long as it goes on.
final class TestLoad: Sendable {
  private let process: ChildProcess

  init(_ server: TestServer, _ script: String) throws {
    process = try ChildProcess(
      path: "/usr/bin/nsenter",
      arguments: [
        "-t", "\(server.process.pid)", "-m", "/bin/sh", "-c",
        script.replacing("RUNNING", with: "kill -0 \(LinuxKernel.processNumber())"),
      ],
      environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"], descriptors: [nil, nil, nil])
  }

  func stop() {
    kill(-process.pid, SIGKILL)
    process.reap(.seconds(20))
  }
}
