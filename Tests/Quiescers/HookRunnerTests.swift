import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Logging
import Model
import Quiescers
import Testing

/// Knows one container.
private struct OneContainer: ContainerRuntime {
  var known: ObservedContainer

  func containers() async throws -> [ObservedContainer] { [known] }
  func container(_ id: ContainerID) async throws -> ObservedContainer? {
    known.id == id ? known : nil
  }
  func ping() async throws {}
  func watch(_ report: @escaping @Sendable (RuntimeChange) async -> Void) async throws {}
}

@Suite(.serialized) struct `A restore hook in a container` {
  private static let container = ContainerID(accepted: "c-1")

  /// A process tree with a mount and PID namespace of its own, and `/srv` in a directory of the test.
  private func withRunner(
    _ body: @escaping @Sendable (HookRunner, _ directory: String) async throws -> Void
  ) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "sp-\(UUID())").path
    try shell("mkdir -m 777 \(directory)")
    let outer = try ChildProcess(
      path: "/usr/bin/unshare",
      arguments: [
        "-m", "-p", "-f", "--mount-proc", "--kill-child", "--propagation", "private", "/bin/sh",
        "-c",
        "mount --bind \(directory) /srv && exec setpriv --reuid nobody --regid nogroup --clear-groups sleep 600",
      ], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "STILLPOINT_RESTORE=forged"],
      descriptors: [nil, nil, nil])
    defer {
      try? outer.kill()
      outer.reap(.seconds(10))
      try? FileManager.default.removeItem(atPath: directory)
    }
    var inner: Int32?
    try await eventually("the container runs") {
      let children =
        (try? TextFile.read("/proc/\(outer.pid)/task/\(outer.pid)/children", limit: 256)) ?? ""
      inner = Int32(children.trimmingCharacters(in: .whitespaces))
      return inner.map { ProcessFacts.name($0) == "sleep" } ?? false
    }
    let pid = try #require(inner)
    // Itself: a process that changed its user does not end with the parent any more.
    defer { Foundation.kill(pid, SIGKILL) }
    let observed = ObservedContainer(
      id: Self.container, name: "db", pod: "db-0", podUID: "uid-1", namespace: "shop", image: "i",
      imageDigest: "", labels: [:], mounts: [], startedAt: Timestamp(nanoseconds: 0),
      state: .running(pid: pid))
    let runner = HookRunner(
      runtime: OneContainer(known: observed), settings: QuiescerSettings(protectedPaths: []),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) {
      ProcessIdentity(container: $0, pid: $1, startTicks: try ProcessFacts.startTicks($1))
    }
    try await body(runner, directory)
  }

  private func hook(
    _ script: String, number: Int = 1, podUID: String = "uid-1", timeout: Duration = .seconds(20)
  ) -> HookRun {
    HookRun(
      restore: RestoreID(accepted: "r-1"), backup: BackupID(accepted: "b-1"),
      service: ServiceName(accepted: "orders"), number: number, namespace: "shop", podUID: podUID,
      container: Self.container, command: ["sh", "-c", script], timeout: timeout)
  }

  @Test
  func `runs as the container's user, among its files and processes, and is told its restore`()
    async throws
  {
    try await withRunner { runner, directory in
      let result = try await runner.run(
        hook(
          "echo $STILLPOINT_RESTORE $STILLPOINT_BACKUP $STILLPOINT_SERVICE $STILLPOINT_HOOK $(id -un) $(cat /proc/1/comm) > /srv/told"
        ))
      #expect(result == HookResult(.exited(0), output: ""))
      #expect(
        try TextFile.read(directory + "/told", limit: 4096) == "r-1 b-1 orders 1 nobody sleep\n")
    }
  }

  @Test func `that fails is told with its status and the end of what it said`() async throws {
    try await withRunner { runner, _ in
      let result = try await runner.run(
        hook("seq 1 20000; echo no such role >&2; exit 7"))
      #expect(result.ending == .exited(7))
      #expect(result.output.utf8.count <= HookResult.longestOutput)
      #expect(result.output.hasSuffix("20000\nno such role\n"))
      #expect(result.sentence.hasSuffix("20000; no such role"))
    }
  }

  @Test func `that is asked for again is not run again`() async throws {
    try await withRunner { runner, directory in
      for _ in 0..<3 { _ = try await runner.run(hook("echo once >> /srv/runs")) }
      _ = try await runner.run(hook("echo once >> /srv/runs", number: 2))
      #expect(try TextFile.read(directory + "/runs", limit: 4096) == "once\nonce\n")
    }
  }

  @Test func `that hangs is killed with everything it started`() async throws {
    try await withRunner { runner, _ in
      let mark = "44\(UInt32.random(in: 10_000...99_999))"
      let result = try await runner.run(
        hook("(setsid sleep \(mark) &); sleep \(mark)", timeout: .milliseconds(500)))
      #expect(result.ending == .timedOut)
      #expect(Self.sleeping(mark) == 0)
    }
  }

  @Test func `ends with the agent that runs it`() async throws {
    try await withRunner { runner, _ in
      let mark = "45\(UInt32.random(in: 10_000...99_999))"
      let work = Task { try await runner.run(hook("sleep \(mark)", timeout: .seconds(600))) }
      try await eventually("the command runs") { Self.sleeping(mark) > 0 }
      work.cancel()
      let result = await work.result
      #expect(throws: Refusal.self) { try result.get() }
      #expect(Self.sleeping(mark) == 0)
    }
  }

  private static func sleeping(_ mark: String) -> Int {
    ((try? ProcessFacts.all()) ?? []).count {
      ((try? TextFile.read("/proc/\($0)/cmdline", limit: 8192)) ?? "").hasPrefix("sleep\0\(mark)")
    }
  }

  @Test func `is refused in a container that is not the meant one, and without its program`()
    async throws
  {
    try await withRunner { runner, directory in
      func refusal(_ hook: HookRun) async -> Refusal? {
        do throws(Refusal) {
          _ = try await runner.run(hook)
          return nil
        } catch {
          return error
        }
      }
      let run = "touch /srv/ran"
      #expect(await refusal(hook(run, podUID: "uid-2"))?.code == .hazard)
      var other = hook(run)
      other.namespace = "other"
      #expect(await refusal(other)?.code == .hazard)
      var gone = hook(run)
      gone.container = ContainerID(accepted: "c-2")
      #expect(await refusal(gone)?.code == .moved)
      var missing = hook(run)
      missing.command = ["/app/repair"]
      #expect(await refusal(missing)?.message == "container of orders has no program /app/repair")
      #expect(!FileManager.default.fileExists(atPath: directory + "/ran"))
    }
  }
}
