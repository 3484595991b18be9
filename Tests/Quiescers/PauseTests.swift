import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Quiescers
import Testing

/// Real processes in real control groups.
@Suite(.serialized) final class `The pause hold` {
  private let quiescer = QuiescerSet(
    settings: QuiescerSettings(protectedPaths: [], holdLimit: .seconds(2)))
  private let volume: TestVolume
  private let group: TestGroup
  private let server: TestServer

  /// Two processes that append to a file of the volume all the time.
  init() async throws {
    volume = try TestVolume()
    group = try TestGroup()
    server = try TestServer(
      volume: volume, user: "daemon", setup: "true",
      command:
        "sh -c 'while :; do echo a >> /srv/a; done & while :; do echo b >> /srv/b; done'",
      group: group)
    try await eventually("both write") {
      FileManager.default.fileExists(atPath: volume.path + "/a")
        && FileManager.default.fileExists(atPath: volume.path + "/b")
    }
  }

  deinit {
    group.remove()
    server.stop()
  }

  private func sizes() throws -> [Int64] {
    try ["a", "b"].map { try FileStatus.of(volume.path + "/" + $0).size }
  }

  /// Whether it stays in the kernel: every write does for a moment.
  private func waits(_ process: Int32) async throws -> Bool {
    for _ in 0..<20 {
      guard try TextFile.read("/proc/\(process)/stat", limit: 4096).contains(") D ") else {
        return false
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    return true
  }

  private func refusal(_ target: HoldTarget, _ settings: QuiescerSettings? = nil) async -> Refusal?
  {
    await #expect(throws: Refusal.self) {
      try await (settings.map { QuiescerSet(settings: $0) } ?? self.quiescer)
        .prepare(.pause, for: target)
    }
  }

  @Test
  func `nothing of a paused container runs, and its release ends this hold`() async throws {
    let hold = try await quiescer.prepare(.pause, for: server.target())
    #expect(hold.readiness.keepsFiles)
    #expect(hold.readiness.fidelity.durableStateConstant)
    #expect(!hold.readiness.fidelity.acknowledgedIsDurable)
    #expect(try !group.isAsked)
    let began = ContinuousClock.now
    try await hold.hold()
    print("measured: paused after \(ContinuousClock.now - began)")
    #expect(try group.isPaused)
    let token = try await hold.token()
    let sizes = try sizes()
    for _ in 0..<30 {
      try await Task.sleep(for: .milliseconds(10))
      #expect(try await hold.token() == token)
    }
    #expect(try self.sizes() == sizes)
    #expect(await hold.release() == ReleaseFinding(endedThisHold: true))
    #expect(await hold.examine() == nil)
    #expect(try !group.isAsked)
    try await eventually("both go on") {
      zip(try self.sizes(), sizes).allSatisfy { $0 > $1 }
    }
    await hold.discard()
  }

  @Test func `a pause that somebody interrupts is found, also when it is paused again`()
    async throws
  {
    let hold = try await quiescer.prepare(.pause, for: server.target())
    try await hold.hold()
    _ = try await hold.token()
    try group.write("0", to: "cgroup.freeze")
    try group.write("1", to: "cgroup.freeze")
    try await eventually("it is paused again") { try group.isPaused }
    let refusal = await #expect(throws: Refusal.self) { try await hold.token() }
    #expect(refusal?.message.contains("ran during its pause") == true)
    let finding = await hold.release()
    #expect(!finding.endedThisHold)
    #expect(finding.finding?.contains("had run before") == true)
    #expect(try !group.isAsked)
    await hold.discard()
  }

  @Test func `a process that is taken out of the paused group is found`() async throws {
    let hold = try await quiescer.prepare(.pause, for: server.target())
    try await hold.hold()
    let other = try TestGroup()
    defer { other.remove() }
    let child = try TextFile.read(group.path + "/cgroup.procs", limit: 1000)
      .split(separator: "\n").first { $0 != "\(server.process.pid)" }
    try other.write(String(try #require(child)), to: "cgroup.procs")
    let refusal = await #expect(throws: Refusal.self) { try await hold.token() }
    #expect(refusal != nil)
    _ = await hold.release()
    await hold.discard()
  }

  @Test func `a write from outside of the paused containers changes the token`() async throws {
    let hold = try await quiescer.prepare(.pause, for: server.target())
    try await hold.hold()
    let token = try await hold.token()
    try shell("echo x > \(volume.path)/stranger")
    #expect(try await hold.token() != token)
    #expect(await hold.release().endedThisHold)
    await hold.discard()
  }

  @Test
  func `a process of the node that has a file open for writing is named, and F1 is not promised`()
    async throws
  {
    let stranger = try ChildProcess(
      path: "/bin/sh", arguments: ["-c", "exec 3>>\(volume.path)/log; exec sleep 600"],
      environment: ["PATH=/usr/bin:/bin"], descriptors: [nil, nil, nil])
    defer {
      try? stranger.kill()
      stranger.reap(.seconds(10))
    }
    try await eventually("the stranger sleeps") { ProcessFacts.name(stranger.pid) == "sleep" }
    let hold = try await quiescer.prepare(.pause, for: server.target())
    #expect(!hold.readiness.keepsFiles)
    #expect(!hold.readiness.fidelity.durableStateConstant)
    #expect(
      hold.readiness.fidelity.reasons.first?.contains("process \(stranger.pid) (sleep)") == true)
    await hold.discard()
  }

  @Test func `a file that is opened for writing during the pause is found after it`() async throws {
    let hold = try await quiescer.prepare(.pause, for: server.target())
    try await hold.hold()
    let file = try DurableFile.open(volume.path + "/a", 2)
    #expect(await hold.release().endedThisHold)
    // This process itself is passed over, as an agent is: a child has the file too.
    let child = try file.use { number in
      try ChildProcess(
        path: "/bin/sleep", arguments: ["600"], environment: [],
        descriptors: [nil, nil, nil, DescriptorHandle(owning: dup(number))])
    }
    defer {
      try? child.kill()
      child.reap(.seconds(10))
    }
    #expect(await hold.examine()?.contains("process \(child.pid)") == true)
    await hold.discard()
  }

  @Test func `a container that somebody else paused is refused and left paused`() async throws {
    let hold = try await quiescer.prepare(.pause, for: server.target())
    try group.write("1", to: "cgroup.freeze")
    let refusal = await #expect(throws: Refusal.self) { try await hold.hold() }
    #expect(refusal?.code == .busy)
    #expect(await hold.release().endedThisHold == false)
    await hold.discard()
    #expect(try group.isAsked)
  }

  @Test func `a container that has divided its control group is refused, whenever it does so`()
    async throws
  {
    let hold = try await quiescer.prepare(.pause, for: server.target())
    try shell("mkdir \(group.path)/below")
    let late = await #expect(throws: Refusal.self) { try await hold.hold() }
    #expect(late?.code == .hazard)
    #expect(late?.message.contains("has divided its control group") == true)
    #expect(try !group.isAsked)
    await hold.discard()
    let early = await refusal(try server.target())
    #expect(early?.code == .hazard)
    #expect(early?.message.contains("has divided its control group") == true)
  }

  /// Prepares a pause while a process of the group writes to a filesystem that is frozen then, so that it waits in the kernel.
  private func withWaitingProcess(
    _ body: (any PreparedHold, Int32) async throws -> Void
  ) async throws {
    let other = try TestVolume()
    defer { other.remove() }
    let waiting = try ChildProcess(
      path: "/usr/bin/unshare",
      arguments: [
        "-m", "/bin/sh", "-c",
        "echo $$ > \(group.path)/cgroup.procs; while :; do echo > \(other.path)/w; done",
      ], environment: ["PATH=/usr/bin:/bin"], descriptors: [nil, nil, nil])
    defer {
      try? FilesystemFreeze.thaw(DescriptorHandle.directory(other.path), name: other.path)
      try? waiting.kill()
      waiting.reap(.seconds(10))
    }
    try await eventually("it writes") {
      FileManager.default.fileExists(atPath: other.path + "/w")
    }
    let hold = try await quiescer.prepare(.pause, for: server.target())
    try FilesystemFreeze.freeze(DescriptorHandle.directory(other.path), name: other.path)
    try await eventually("it waits in the kernel") { try await self.waits(waiting.pid) }
    try await body(hold, waiting.pid)
  }

  @Test func `a process that waits in the kernel is named, and nothing stays paused`() async throws
  {
    try await withWaitingProcess { hold, waiting in
      let refusal = await #expect(throws: Refusal.self) { try await hold.hold() }
      #expect(refusal?.code == .busy)
      #expect(
        refusal?.message.contains("process \(waiting) (sh), which waits in the kernel") == true)
      let isAsked = try group.isAsked
      #expect(!isAsked)
      #expect(await hold.release().endedThisHold == false)
      await hold.discard()
    }
  }

  @Test func `a release that comes while processes still stop ends the pause at once`() async throws
  {
    try await withWaitingProcess { hold, _ in
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
          await #expect(throws: Refusal.self) { try await hold.hold() }
        }
        try await eventually("it is asked for") { try self.group.isAsked }
        #expect(await hold.release().endedThisHold == false)
        #expect(try !self.group.isAsked)
        try await tasks.waitForAll()
      }
      #expect(try !group.isAsked)
      await hold.discard()
    }
  }

  @Test func `what cannot be paused is refused in prepare`() async throws {
    var later = try server.target()
    later.isAskedLater = true
    let order = await refusal(later)
    #expect(order?.code == .hazard)
    #expect(order?.hint == "name `pause` after the application's own hold")

    let none = await refusal(
      try server.target(), QuiescerSettings(protectedPaths: [], controlGroups: "/no/such"))
    #expect(none?.code == .hazard)
    #expect(none?.message.contains("no control groups are at /no/such") == true)

    let old = try TestVolume()
    defer { old.remove() }
    try shell("mkdir \(old.path)/freezer && touch \(old.path)/freezer/cgroup.procs")
    let version1 = await refusal(
      try server.target(), QuiescerSettings(protectedPaths: [], controlGroups: old.path))
    #expect(version1?.code == .hazard)
    #expect(version1?.message.contains("version 1 only") == true)

    let node = try ChildProcess(
      path: "/bin/sh", arguments: ["-c", "echo $$ > \(group.path)/cgroup.procs; exec sleep 600"],
      environment: ["PATH=/usr/bin:/bin"], descriptors: [nil, nil, nil])
    defer {
      try? node.kill()
      node.reap(.seconds(10))
    }
    try await eventually("it is in the group") {
      try TextFile.read(group.path + "/cgroup.procs", limit: 1000).contains("\(node.pid)\n")
    }
    let mixed = await refusal(try server.target())
    #expect(mixed?.code == .hazard)
    #expect(mixed?.message.contains("also has process \(node.pid)") == true)
  }

  @Test func `a freeze before the pause is refused`() async throws {
    var target = try server.target()
    target.isPausedLater = true
    let refusal = await #expect(throws: Refusal.self) {
      try await quiescer.prepare(.filesystem, for: target)
    }
    #expect(refusal?.code == .hazard)
    #expect(refusal?.hint == "name `pause` before `filesystem`")
  }
}
