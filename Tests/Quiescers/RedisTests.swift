import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Quiescers
import Testing

/// A real Redis, as Debian packages it.
@Suite(.serialized) struct `The redis hold` {
  private let quiescer = QuiescerSet(settings: QuiescerSettings(protectedPaths: []))
  private let spec = HoldSpec.redis(RedisHold(socket: "/srv/socket"))

  private func server(options: String) async throws -> TestServer {
    let volume = try TestVolume(megabytes: 256)
    let server = try TestServer(
      volume: volume, user: "redis",
      setup: "mkdir \(volume.path)/data && chown redis \(volume.path)/data",
      command: "redis-server --port 0 --unixsocket /srv/socket --dir /srv/data \(options)")
    try await eventually("Redis answers") {
      (try? server.inside("redis-cli -s /srv/socket PING")) == "PONG\n"
    }
    return server
  }

  private func counter(_ server: TestServer) throws -> Int {
    let text = try server.inside("timeout 5 redis-cli -s /srv/socket GET n")
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }

  private let load = "while RUNNING; do echo INCR n; done | redis-cli -s /srv/socket > /dev/null"

  @Test(arguments: ["everysec", "no"])
  func `with an append-only file, a copy made in the hold has every acknowledged write`(
    fsync: String
  )
    async throws
  {
    let server = try await server(options: "--appendonly yes --appendfsync \(fsync)")
    defer { server.stop() }
    let load = try TestLoad(server, load)
    defer { load.stop() }
    let redis = try await quiescer.prepare(spec, for: server.target())
    let filesystem = try await quiescer.prepare(.filesystem, for: server.target())
    #expect(redis.readiness.fidelity == .full)
    try await eventually("there is load") { try counter(server) > 500 }
    try await redis.hold()
    let acknowledged = try counter(server)
    try await filesystem.hold()
    let token = try await redis.token()
    let copy = server.volume.directory + "/copy"
    try shell("cp --sparse=always \(server.volume.directory)/image \(copy)")
    try await Task.sleep(for: .milliseconds(300))
    #expect(try await redis.token() == token)
    #expect(try counter(server) == acknowledged)
    #expect(await filesystem.release().endedThisHold)
    #expect(try await redis.token() == token)
    #expect(await redis.release() == ReleaseFinding(endedThisHold: true))
    try await eventually("writes go on") { try counter(server) > acknowledged }
    await filesystem.discard()
    await redis.discard()
    #expect(try restored(copy, options: "--appendonly yes") == acknowledged)
  }

  @Test func `without one, the dump that the hold saves has every acknowledged write`() async throws
  {
    let server = try await server(options: "--appendonly no --save ''")
    defer { server.stop() }
    let load = try TestLoad(server, load)
    defer { load.stop() }
    let redis = try await quiescer.prepare(spec, for: server.target())
    try await eventually("there is load") { try counter(server) > 500 }
    try await redis.hold()
    let acknowledged = try counter(server)
    let token = try await redis.token()
    let copy = server.volume.directory + "/copy"
    try shell(
      "sync -f \(server.volume.path); cp --sparse=always \(server.volume.directory)/image \(copy)")
    #expect(try await redis.token() == token)
    #expect(await redis.release().endedThisHold)
    await redis.discard()
    #expect(try restored(copy, options: "--appendonly no") == acknowledged)
  }

  /// The counter that a server started on the copy has.
  private func restored(_ copy: String, options: String) throws -> Int? {
    let text = try shell(
      """
      mkdir \(copy).d && mount -o loop \(copy) \(copy).d && cd / &&
      (redis-server --port 0 --unixsocket \(copy).socket --dir \(copy).d/data \(options) --save '' \
      >/dev/null 2>&1 & echo $! > \(copy).pid)
      for i in $(seq 200); do [ "$(redis-cli -s \(copy).socket PING 2>&1)" = PONG ] && break; sleep 0.1; done
      redis-cli -s \(copy).socket GET n
      kill $(cat \(copy).pid); while kill -0 $(cat \(copy).pid) 2>/dev/null; do sleep 0.05; done
      umount \(copy).d
      """)
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  @Test func `a pause that somebody else ended is found`() async throws {
    let server = try await server(options: "--appendonly yes")
    defer { server.stop() }
    let redis = try await quiescer.prepare(spec, for: server.target())
    try await redis.hold()
    try server.inside("redis-cli -s /srv/socket CLIENT UNPAUSE")
    try await eventually("the witness is answered") {
      (try? await redis.token()) == nil
    }
    let finding = await redis.release()
    #expect(!finding.endedThisHold)
    #expect(finding.finding == "the pause of orders had ended before its release")
    await redis.discard()
  }

  @Test func `the guardian's line ends the pause, and so does the cap`() async throws {
    let server = try await server(options: "--appendonly yes")
    defer { server.stop() }
    let redis = try await quiescer.prepare(spec, for: server.target(cap: .seconds(60)))
    try await redis.hold()
    guard case .write(let pipe, let bytes)? = redis.readiness.rescue.first else {
      throw TestFailure(description: "no line to write")
    }
    #expect(
      pipe.use { number in bytes.withUnsafeBytes { write(number, $0.baseAddress, $0.count) } }
        == bytes.count)
    try server.inside("timeout 20 redis-cli -s /srv/socket INCR n")
    await redis.discard()

    let capped = try await quiescer.prepare(spec, for: server.target(cap: .milliseconds(700)))
    try await capped.hold()
    try server.inside("timeout 20 redis-cli -s /srv/socket INCR n")
    #expect(await capped.release().endedThisHold == false)
    await capped.discard()
  }

  @Test func `the guardian ends the pause of sessions that were killed with their agent`()
    async throws
  {
    let server = try await server(options: "--appendonly yes")
    defer { server.stop() }
    let redis = try await quiescer.prepare(spec, for: server.target(cap: .seconds(60)))
    try await redis.hold()
    for case .kill(let pid, _) in redis.readiness.record { Foundation.kill(pid, SIGKILL) }
    guard case .run(let arguments, let environment, let timeout)? = redis.readiness.rescue.last
    else {
      Issue.record("no program ends the pause")
      return
    }
    let write = "timeout 20 redis-cli -s /srv/socket INCR n"
    let began = ContinuousClock.now
    async let ended = onDedicatedThread {
      SupervisedProgram.run(
        path: arguments[0], arguments: Array(arguments.dropFirst()), environment: environment,
        timeout: timeout, mark: "STILLPOINT_RUN=unpause-\(UUID())")
    }
    #expect(try server.inside(write) == "1\n")
    #expect(await ended.ending == .exited(0))
    #expect(ContinuousClock.now - began < .seconds(20))
    await redis.discard()
  }

  @Test func `a replica's hold does not claim what it cannot give`() async throws {
    let server = try await server(options: "--appendonly yes --replicaof 127.0.0.1 1")
    defer { server.stop() }
    let redis = try await quiescer.prepare(spec, for: server.target())
    #expect(!redis.readiness.fidelity.durableStateConstant)
    #expect(!redis.readiness.fidelity.acknowledgedIsDurable)
    await redis.discard()
  }

  @Test func `a password is read in the container, and a wrong one is refused`() async throws {
    let server = try await server(options: "--appendonly yes")
    defer { server.stop() }
    try server.inside("printf secret > /srv/password; printf wrong > /srv/other")
    try server.inside("redis-cli -s /srv/socket CONFIG SET requirepass secret")
    func spec(_ file: String?) -> HoldSpec {
      .redis(RedisHold(socket: "/srv/socket", passwordFile: file))
    }
    let redis = try await quiescer.prepare(spec("/srv/password"), for: server.target())
    await redis.discard()
    for file in [nil, "/srv/other", "/srv/none"] {
      let refusal = await #expect(throws: Refusal.self) {
        try await quiescer.prepare(spec(file), for: server.target())
      }
      #expect(refusal?.code == .hazard)
    }
  }

  @Test func `a prepare that is cancelled leaves no client behind`() async throws {
    let server = try await server(options: "--appendonly yes")
    defer { server.stop() }
    let target = try server.target()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [quiescer, spec] in
        let hold = try await quiescer.prepare(spec, for: target)
        await hold.discard()
      }
      try await Task.sleep(for: .milliseconds(20))
      group.cancelAll()
      while let result = await group.nextResult() {
        if case .failure(let error) = result { print("cancelled: \(error)") }
      }
    }
    try await eventually("no client is left") {
      try server.inside("redis-cli -s /srv/socket CLIENT LIST").split(separator: "\n").count == 1
    }
  }
}
