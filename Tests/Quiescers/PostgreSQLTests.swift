import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Quiescers
import Testing

/// A real PostgreSQL, as Debian packages it.
@Suite(.serialized) struct `The postgresql hold` {
  private let quiescer = QuiescerSet(settings: QuiescerSettings(protectedPaths: []))

  private func server(options: String = "", setup: String = "true") throws -> TestServer {
    let binaries = try shell("ls -d /usr/lib/postgresql/*/bin | tail -1")
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let volume = try TestVolume(megabytes: 300)
    return try TestServer(
      volume: volume, user: "postgres",
      setup: """
        setpriv --reuid postgres --regid postgres --clear-groups \(binaries)/initdb -A trust -D \
        \(volume.path)/data && \(setup.replacing("VOLUME", with: volume.path))
        """,
      command: """
        \(binaries)/postgres -D /srv/data -c listen_addresses= -c unix_socket_directories=/srv \
        -c fsync=on \(options)
        """)
  }

  private func started(_ server: TestServer) async throws {
    try await eventually("PostgreSQL answers") {
      (try? server.inside("psql -X -h /srv -U postgres -c \"SELECT 1\"")) != nil
    }
  }

  private let spec = HoldSpec.postgresql(PostgreSQLHold(socketDirectory: "/srv"))

  @Test func `under load, token and data stand still while the volumes are frozen`() async throws {
    let server = try server()
    defer { server.stop() }
    try await started(server)
    try server.inside(
      "psql -X -q -h /srv -U postgres -c \"CREATE TABLE t (id serial, v text)\"")
    let load = try TestLoad(
      server,
      "while RUNNING; do echo \"INSERT INTO t (v) VALUES (repeat('x', 500));\"; done | psql -X -q -h /srv -U postgres"
    )
    defer { load.stop() }
    let database = try await quiescer.prepare(spec, for: server.target())
    let filesystem = try await quiescer.prepare(.filesystem, for: server.target())
    let fidelity = Fidelity.united([database, filesystem].map(\.readiness.fidelity))
    #expect(fidelity == .full)
    #expect(!database.readiness.fidelity.durableStateConstant)
    for round in 0..<10 {
      try await Task.sleep(for: .milliseconds(50))
      let prepared =
        round == 0 ? filesystem : try await quiescer.prepare(.filesystem, for: server.target())
      try await database.hold()
      try await prepared.hold()
      let token = try await database.token()
      let written = try await prepared.token()
      try await Task.sleep(for: .milliseconds(60))
      #expect(try await database.token() == token, "round \(round)")
      #expect(try await prepared.token() == written, "round \(round)")
      #expect(await prepared.release().endedThisHold)
      await prepared.discard()
      try await eventually("writes go on") { try await database.token() != token }
    }
    #expect(await database.release() == ReleaseFinding(endedThisHold: true))
    await database.discard()
    let sessions = try server.inside(
      "psql -X -A -t -h /srv -U postgres -c \"SELECT count(*) FROM pg_stat_activity WHERE application_name = '\"'\"'stillpoint'\"'\"'\""
    )
    #expect(sessions == "0\n")
  }

  @Test func `settings that acknowledge before durability are found, wherever they are set`()
    async throws
  {
    let server = try server(options: "-c synchronous_commit=off")
    defer { server.stop() }
    try await started(server)
    try server.inside(
      "psql -X -q -h /srv -U postgres -c \"CREATE ROLE fast\" -c \"ALTER ROLE fast SET synchronous_commit = off\""
    )
    let hold = try await quiescer.prepare(spec, for: server.target())
    #expect(!hold.readiness.fidelity.acknowledgedIsDurable)
    let reasons = hold.readiness.fidelity.reasons
    #expect(reasons.contains("F2, F3: synchronous_commit is off"))
    #expect(reasons.contains("F2, F3: synchronous_commit is off for every database, fast"))
    await hold.discard()
  }

  @Test func `a role's own setting does not hide what the server was started with`() async throws {
    let server = try server(options: "-c synchronous_commit=off")
    defer { server.stop() }
    try await started(server)
    try server.inside(
      "psql -X -q -h /srv -U postgres -c \"ALTER ROLE postgres SET synchronous_commit = on\"")
    let hold = try await quiescer.prepare(spec, for: server.target())
    #expect(hold.readiness.fidelity.reasons.contains("F2, F3: synchronous_commit is off"))
    await hold.discard()
  }

  @Test func `data outside the member's volumes is refused`() async throws {
    let other = try TestVolume()
    defer { other.remove() }
    let server = try server(
      setup: "mkdir \(other.path)/space && chown postgres \(other.path)/space")
    defer { server.stop() }
    try await started(server)
    try server.inside(
      "psql -X -q -h /srv -U postgres -c \"CREATE TABLESPACE s LOCATION '\"'\"'\(other.path)/space'\"'\"'\""
    )
    let refusal = await #expect(throws: Refusal.self) {
      try await quiescer.prepare(spec, for: server.target())
    }
    #expect(refusal?.code == .hazard)
    #expect(refusal?.message.contains("\(other.path)/space, lies on none of the volumes") == true)
  }

  @Test func `a role that may not checkpoint is refused with a hint`() async throws {
    let server = try server()
    defer { server.stop() }
    try await started(server)
    try server.inside("psql -X -q -h /srv -U postgres -c \"CREATE ROLE weak LOGIN\"")
    let weak = HoldSpec.postgresql(PostgreSQLHold(user: "weak", socketDirectory: "/srv"))
    let refusal = await #expect(throws: Refusal.self) {
      try await quiescer.prepare(weak, for: server.target())
    }
    #expect(refusal?.code == .hazard)
    #expect(refusal?.hint?.contains("pg_checkpoint") == true)
    let unreachable = HoldSpec.postgresql(PostgreSQLHold(socketDirectory: "/nowhere"))
    let second = await #expect(throws: Refusal.self) {
      try await quiescer.prepare(unreachable, for: server.target())
    }
    #expect(second?.message.contains("/nowhere") == true)
  }

  @Test func `a process that is not the planned one any more means that the member moved`()
    async throws
  {
    let server = try server()
    defer { server.stop() }
    try await started(server)
    var target = try server.target()
    target.process.startTicks += 1
    let refusal = await #expect(throws: Refusal.self) {
      try await quiescer.prepare(spec, for: target)
    }
    #expect(refusal?.code == .moved)
  }

  @Test func `a server that restarted did not stay held`() async throws {
    let server = try server()
    defer { server.stop() }
    try await started(server)
    let hold = try await quiescer.prepare(spec, for: server.target())
    try await hold.hold()
    try server.inside(
      "psql -X -q -h /srv -U postgres -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '\"'\"'stillpoint'\"'\"'\""
    )
    #expect(await hold.release().endedThisHold == false)
    await hold.discard()
  }
}
