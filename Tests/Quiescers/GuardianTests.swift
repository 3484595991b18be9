import AgentCore
import CutProtocol
import Foundation
import GuardianWatch
import LinuxSystem
import Logging
import Model
import Quiescers
import Testing

/// The real guardian with real filesystems. Times are measured and printed.
@Suite(.serialized) struct `The guardian process` {
  private static func beside(_ name: String) throws -> String {
    try GuardianProcess.besideThisProgram().replacing("stillpoint-guardian", with: name)
  }

  private func guardian() throws -> GuardianProcess {
    GuardianProcess(
      executable: try Self.beside("stillpoint-guardian"), logger: Logger(label: "test"))
  }

  private func holdID(_ counter: UInt64 = 1) throws -> HoldID {
    HoldID(boot: try LinuxKernel.bootID(), incarnation: 1, counter: counter)
  }

  private func frozen(_ volume: TestVolume) throws -> DescriptorHandle {
    let directory = try DescriptorHandle.directory(volume.path)
    try FilesystemFreeze.freeze(directory, name: volume.path)
    return directory
  }

  /// A stand-in agent that holds the volume.
  private func probe(
    _ volume: TestVolume, leaseMilliseconds: Int, capMilliseconds: Int, mode: String,
    pausing process: Int32? = nil
  ) async throws -> (probe: ChildProcess, guardian: Int32) {
    try shell("mkdir -p \(volume.directory)/run")
    let output = try DescriptorHandle.pipe()
    let probe = try ChildProcess(
      path: try Self.beside("hold-probe"),
      arguments: [
        try Self.beside("stillpoint-guardian"), volume.directory + "/run", volume.path,
        "\(leaseMilliseconds)", "\(capMilliseconds)", mode,
      ] + (process.map { ["\($0)"] } ?? []), environment: ["PATH=/usr/bin:/bin"],
      descriptors: [nil, output.writing, nil])
    let pid = await onDedicatedThread { () -> Int32? in
      var text = ""
      while !text.contains("\n") {
        guard !DescriptorHandle.waitUntilReadable([output.reading], limit: .seconds(30)).isEmpty
        else { return nil }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = output.reading.use { read($0, &buffer, 256) }
        guard count > 0 else { return nil }
        text += String(decoding: buffer[..<count], as: UTF8.self)
      }
      return text.split(whereSeparator: \.isWhitespace).last.flatMap { Int32($0) }
    }
    return (probe, try #require(pid, "the probe did not hold"))
  }

  private func timeUntilThawed(_ volume: TestVolume) async throws -> Duration {
    let began = ContinuousClock.now
    try await eventually("\(volume.path) is thawed") { try !volume.isFrozen }
    return ContinuousClock.now - began
  }

  @Test func `an agent that is killed in the middle of a hold leaves nothing frozen`() async throws
  {
    let volume = try TestVolume()
    defer { volume.remove() }
    let (probe, guardian) = try await probe(
      volume, leaseMilliseconds: 3000, capMilliseconds: 20_000, mode: "renew")
    #expect(try volume.isFrozen)
    try probe.kill()
    let took = try await timeUntilThawed(volume)
    print("measured: agent killed, thawed after \(took)")
    #expect(took < .seconds(3))
    probe.reap(.seconds(10))
    try await eventually("the guardian goes too") { kill(guardian, 0) != 0 }
  }

  @Test func `an agent that hangs in the middle of a hold keeps nothing frozen past its lease`()
    async throws
  {
    let volume = try TestVolume()
    defer { volume.remove() }
    let (probe, _) = try await probe(
      volume, leaseMilliseconds: 1500, capMilliseconds: 20_000, mode: "renew")
    defer {
      try? probe.kill()
      probe.reap(.seconds(10))
    }
    kill(probe.pid, SIGSTOP)
    let took = try await timeUntilThawed(volume)
    print("measured: agent stopped, thawed after \(took) with a lease of 1.5 s")
    #expect(took > .milliseconds(1000))
    #expect(took < .seconds(5))
  }

  @Test func `no renewal carries a hold past its cap`() async throws {
    let volume = try TestVolume()
    defer { volume.remove() }
    let (probe, _) = try await probe(
      volume, leaseMilliseconds: 1000, capMilliseconds: 2000, mode: "renew")
    defer {
      try? probe.kill()
      probe.reap(.seconds(10))
    }
    let took = try await timeUntilThawed(volume)
    print("measured: cap of 2 s, thawed after \(took)")
    #expect(took < .seconds(6))
  }

  @Test func `agent and guardian both killed: the next start thaws`() async throws {
    let volume = try TestVolume()
    defer { volume.remove() }
    let (probe, guardian) = try await probe(
      volume, leaseMilliseconds: 10_000, capMilliseconds: 20_000, mode: "silent")
    kill(probe.pid, SIGSTOP)
    kill(guardian, SIGKILL)
    try probe.kill()
    probe.reap(.seconds(10))
    #expect(try volume.isFrozen)
    let store = HoldRecordStore(runDirectory: volume.directory + "/run")
    let findings = await ThawOnStart(store: store, boot: try LinuxKernel.bootID()).perform()
    #expect(findings.map(\.outcome) == [.ended])
    #expect(findings.first?.description.contains("was still frozen and is thawed") == true)
    #expect(try !volume.isFrozen)
    #expect(try DescriptorHandle.directory(store.directory).names() == [])
    #expect(await ThawOnStart(store: store, boot: try LinuxKernel.bootID()).perform() == [])
  }

  /// A program that writes the time to its volume every few milliseconds.
  private func ticking(_ group: TestGroup) async throws -> TestServer {
    let server = try TestServer(
      volume: try TestVolume(), user: "daemon", setup: "true",
      command: "sh -c 'while :; do date +%s%N >> /srv/times; sleep 0.005; done'", group: group)
    try await eventually("it writes") {
      FileManager.default.fileExists(atPath: server.volume.path + "/times")
    }
    return server
  }

  /// The longest time between two writes.
  private func longestWait(_ server: TestServer) throws -> Duration {
    let times = try String(contentsOfFile: server.volume.path + "/times", encoding: .utf8)
      .split(separator: "\n").compactMap { Int64($0) }
    return .nanoseconds(zip(times.dropFirst(), times).map { $0 - $1 }.max() ?? 0)
  }

  @Test(arguments: [
    ("killed", SIGKILL, Duration.seconds(3)), ("stopped", SIGSTOP, Duration.seconds(5)),
  ])
  func `an agent that dies or hangs in the middle of a pause leaves nothing paused`(
    what: String, signal: Int32, limit: Duration
  ) async throws {
    let group = try TestGroup()
    defer { group.remove() }
    let server = try await ticking(group)
    defer { server.stop() }
    let (probe, _) = try await probe(
      server.volume, leaseMilliseconds: 1500, capMilliseconds: 20_000, mode: "renew",
      pausing: server.process.pid)
    defer {
      try? probe.kill()
      probe.reap(.seconds(10))
    }
    #expect(try group.isPaused)
    let began = ContinuousClock.now
    kill(probe.pid, signal)
    try await eventually("it goes on") { try !group.isPaused }
    let took = ContinuousClock.now - began
    let size = try FileStatus.of(server.volume.path + "/times").size
    try await eventually("it writes again") {
      try FileStatus.of(server.volume.path + "/times").size > size
    }
    print(
      "measured: agent \(what) in a pause with a lease of 1.5 s, goes on after \(took), longest wait \(try longestWait(server))"
    )
    #expect(took < limit)
  }

  @Test
  func `a pause whose container is gone before the lease ends leaves the guardian nothing to do`()
    async throws
  {
    let group = try TestGroup()
    let server = try await ticking(group)
    defer { server.stop() }
    let (probe, guardian) = try await probe(
      server.volume, leaseMilliseconds: 10_000, capMilliseconds: 20_000, mode: "silent",
      pausing: server.process.pid)
    group.remove()
    #expect(!FileManager.default.fileExists(atPath: group.path))
    try probe.kill()
    probe.reap(.seconds(10))
    try await eventually("the guardian goes too") { kill(guardian, 0) != 0 }
    let store = HoldRecordStore(runDirectory: server.volume.directory + "/run")
    let findings = await ThawOnStart(store: store, boot: try LinuxKernel.bootID()).perform()
    #expect(findings.map(\.outcome) == [.alreadyOver])
  }

  @Test func `agent and guardian both killed in a pause: the next start ends it`() async throws {
    let group = try TestGroup()
    defer { group.remove() }
    let server = try await ticking(group)
    defer { server.stop() }
    let (probe, guardian) = try await probe(
      server.volume, leaseMilliseconds: 10_000, capMilliseconds: 20_000, mode: "silent",
      pausing: server.process.pid)
    kill(probe.pid, SIGSTOP)
    kill(guardian, SIGKILL)
    try probe.kill()
    probe.reap(.seconds(10))
    #expect(try group.isPaused)
    let store = HoldRecordStore(runDirectory: server.volume.directory + "/run")
    let findings = await ThawOnStart(store: store, boot: try LinuxKernel.bootID()).perform()
    #expect(findings.map(\.outcome) == [.ended])
    #expect(findings.first?.description.contains("was still paused and goes on") == true)
    #expect(try !group.isAsked)
    #expect(try DescriptorHandle.directory(store.directory).names() == [])
    #expect(await ThawOnStart(store: store, boot: try LinuxKernel.bootID()).perform() == [])
  }

  @Test func `a guardian that dies is noticed, and the next hold gets a new one`() async throws {
    let volume = try TestVolume()
    defer { volume.remove() }
    let guardian = try guardian()
    let condition = try await guardian.start()
    print(
      "measured: guardian's memory \(condition.residentBytes / 1024) KiB, locked \(condition.memoryIsLocked), spared \(condition.isSparedByOutOfMemory)"
    )
    #expect(condition.memoryIsLocked)
    let id = try holdID()
    let directory = try DescriptorHandle.directory(volume.path)
    try await guardian.arm(id, rescue: [.thaw(directory)], lease: .seconds(5), cap: .seconds(10))
    kill(condition.pid, SIGKILL)
    await guardian.waitUntilGone()
    #expect(await guardian.disarm(id) == .gone)
    let refusal = await #expect(throws: Refusal.self) {
      try await guardian.renew(id, lease: .seconds(5))
    }
    #expect(refusal?.code == .failed)
    try await guardian.arm(
      try holdID(2), rescue: [.thaw(directory)], lease: .seconds(5), cap: .seconds(10))
    #expect(await guardian.disarm(try holdID(2)) == .idle)
    await guardian.stop()
  }

  @Test func `a hold that is the guardian's to end is ended at once, whatever its lease`()
    async throws
  {
    let volume = try TestVolume()
    defer { volume.remove() }
    let guardian = try guardian()
    try await guardian.arm(
      try holdID(), rescue: [.thaw(try frozen(volume))], lease: .seconds(60), cap: .seconds(60))
    #expect(try volume.isFrozen)
    let answer = await guardian.end(try holdID())
    #expect(answer == .rescuing || answer == .rescued)
    _ = try await timeUntilThawed(volume)
    try await eventually("it is done") { await guardian.disarm(try holdID()) == .rescued }
    await guardian.stop()
  }

  @Test func `a guardian that hangs is killed and counts as gone`() async throws {
    let volume = try TestVolume()
    defer { volume.remove() }
    let guardian = try guardian()
    let condition = try await guardian.start()
    kill(condition.pid, SIGSTOP)
    let directory = try DescriptorHandle.directory(volume.path)
    let id = try holdID()
    await #expect(throws: Refusal.self) {
      try await guardian.arm(id, rescue: [.thaw(directory)], lease: .seconds(5), cap: .seconds(9))
    }
    await guardian.waitUntilGone()
    #expect(kill(condition.pid, 0) != 0)
    await guardian.stop()
  }

  @Test
  func
    `every kind of rescue is done, in order, and a program that hangs is killed with its children`()
    async throws
  {
    let volume = try TestVolume()
    defer { volume.remove() }
    let guardian = try guardian()
    let session = try ChildProcess(
      path: "/bin/sleep", arguments: ["600"], environment: [], descriptors: [nil, nil, nil])
    defer { session.reap(.seconds(10)) }
    let pipe = try DescriptorHandle.pipe()
    let mark = "32\(UInt32.random(in: 10_000...99_999))"
    let directory = try frozen(volume)
    try await guardian.arm(
      try holdID(),
      rescue: [
        .run(
          ["/bin/sh", "-c", "setsid sleep \(mark) & sleep \(mark)"],
          environment: ["PATH=/usr/bin:/bin"], timeout: .milliseconds(800)),
        .write(pipe.writing, bytes: Array("CLIENT UNPAUSE\n".utf8)),
        .kill(session.handle.descriptor), .thaw(directory),
        .run(
          ["/bin/sh", "-c", "echo $WHO > \(volume.path)/post"],
          environment: ["PATH=/usr/bin:/bin", "WHO=guardian"], timeout: .seconds(5)),
      ], lease: .milliseconds(100), cap: .seconds(1))
    try await eventually("the last rescue is done") {
      (try? TextFile.read(volume.path + "/post", limit: 100)) == "guardian\n"
    }
    #expect(session.handle.hasEnded)
    #expect(!DescriptorHandle.waitUntilReadable([pipe.reading], limit: .zero).isEmpty)
    try await eventually("no descendant is left") {
      try ProcessFacts.all().allSatisfy {
        !((try? TextFile.read("/proc/\($0)/cmdline", limit: 8192)) ?? "").contains("sleep\0\(mark)")
      }
    }
    try await eventually("it is done") { await guardian.disarm(try holdID()) == .rescued }
    let refusal = await #expect(throws: Refusal.self) {
      try await guardian.renew(try holdID(), lease: .seconds(1))
    }
    #expect(refusal?.code == .expired)
    await guardian.stop()
  }

  @Test func `signals to the agent's group do not reach the guardian`() async throws {
    let guardian = try guardian()
    let condition = try await guardian.start()
    for number in [SIGINT, SIGTERM, SIGHUP] { kill(condition.pid, number) }
    #expect(getpgid(condition.pid) == condition.pid)
    #expect(getsid(condition.pid) == condition.pid)
    #expect(try await guardian.start().pid == condition.pid)
    await guardian.stop()
    try await eventually("it goes when nothing is held") { kill(condition.pid, 0) != 0 }
  }

  @Test func `a guardian that cannot be started is refused in words`() async throws {
    let guardian = GuardianProcess(executable: "/no/such", logger: Logger(label: "test"))
    let refusal = await #expect(throws: Refusal.self) { try await guardian.start() }
    #expect(
      refusal?.message
        == "guardian could not be started: start of /no/such failed: No such file or directory")
  }
}
