import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Quiescers
import Testing

/// Somebody else ends a hold: the tokens or the releases must say that it was not in force until its thaw.
@Suite(.serialized) struct `A hold that somebody else ends` {
  /// Holds the subject, lets `interfere` do its work, and answers whether the hold still says that it was unbroken.
  private func isIntact(
    _ subject: Subject, after interfere: (TestServer, [any PreparedHold]) async throws -> Void
  ) async throws -> Bool {
    let server = try subject.server
    defer { server.stop() }
    try await subject.started(server)
    try server.inside(subject.schema)
    var holds: [any PreparedHold] = []
    for spec in subject.holds {
      holds.append(try await QuiescerSet.conformance.prepare(spec, for: server.target()))
    }
    for hold in holds { try await hold.hold() }
    let tokens = try await tokens(holds)
    try await interfere(server, holds)
    let after = try? await self.tokens(holds)
    var intact = tokens == after
    for hold in holds.reversed() {
      let finding = await hold.release()
      if !finding.endedThisHold { print("interference: \(subject.name): \(finding.finding ?? "")") }
      intact = intact && finding.endedThisHold
    }
    for hold in holds.reversed() {
      let finding = await hold.examine()
      intact = intact && finding == nil
    }
    for hold in holds.reversed() { await hold.discard() }
    return intact
  }

  private func tokens(_ holds: [any PreparedHold]) async throws -> [StateToken] {
    var tokens: [StateToken] = []
    for hold in holds { tokens.append(try await hold.token()) }
    return tokens
  }

  private static let psql = "psql -X -q -A -t -h /srv -U postgres"
  private static let mariadb = "mariadb --no-defaults -u root -S /srv/socket -N"

  private static var subjects: [Subject] {
    [
      .postgreSQL("undisturbed"), .mariaDB("undisturbed"), .mariaDB("undisturbed", frozen: true),
      .redis("undisturbed", options: "--appendonly yes"),
      .redis("undisturbed, RDB", options: "--appendonly no"),
      .files("filesystem, undisturbed", .afterFsync),
      .files(
        "command, undisturbed", .afterFsync,
        holds: [Subject.command(pre: Subject.honestPre, fences: true)]),
    ]
  }

  @Test func `is intact when nobody does`() async throws {
    for subject in Self.subjects {
      #expect(try await isIntact(subject) { _, _ in }, "\(subject.name)")
    }
  }

  @Test func `by ending the session at postgresql`() async throws {
    #expect(
      try await !isIntact(.postgreSQL("pg_terminate_backend")) { server, _ in
        try server.inside(
          "\(Self.psql) -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = \\$\\$stillpoint\\$\\$\""
        )
      })
  }

  @Test func `by thawing the filesystem under postgresql`() async throws {
    #expect(
      try await !isIntact(.postgreSQL("fsfreeze --unfreeze")) { server, _ in
        try shell("fsfreeze --unfreeze \(server.volume.path)")
      })
  }

  @Test(arguments: ["KILL CONNECTION", "KILL HARD CONNECTION"])
  func `by killing the session at mariadb`(kill: String) async throws {
    #expect(
      try await !isIntact(.mariaDB(kill)) { server, holds in
        let session = try await holds[0].token().values["session"] ?? ""
        try server.inside("\(Self.mariadb) -e \"\(kill) \(session)\"")
        // Commits go on once the server has ended the session.
        try server.inside("\(Self.mariadb) -e \"INSERT INTO w.t VALUES (1)\"")
      })
  }

  @Test(arguments: ["CLIENT UNPAUSE", "CLIENT KILL TYPE normal SKIPME yes", "SHUTDOWN NOSAVE"])
  func `by ending the pause at redis`(command: String) async throws {
    #expect(
      try await !isIntact(.redis(command, options: "--appendonly yes")) { server, _ in
        _ = try? server.inside("redis-cli -s /srv/socket \(command)")
        try await Task.sleep(for: .milliseconds(100))
      })
  }

  @Test func `by pausing redis anew after an end`() async throws {
    #expect(
      try await !isIntact(.redis("UNPAUSE, PAUSE", options: "--appendonly yes")) { server, _ in
        try server.inside("redis-cli -s /srv/socket CLIENT UNPAUSE")
        try server.inside("redis-cli -s /srv/socket CLIENT PAUSE 60000 WRITE")
      })
  }

  @Test func `by undoing what the command did`() async throws {
    let subject = Subject.files(
      "command, undone", .afterFsync,
      holds: [Subject.command(pre: Subject.honestPre, fences: true)])
    #expect(try await !isIntact(subject) { server, _ in try server.inside("rm /srv/paused") })
  }

  /// Another backup at work when ours prepares: refused as busy, so that another attempt is made, or not disturbed by it.
  @Test func `is not taken beside another backup that cannot be shared with`() async throws {
    let mariadb = Subject.mariaDB("another backup")
    try await refused(mariadb) { server in
      try TestLoad(
        server,
        "(echo \"BACKUP STAGE START; BACKUP STAGE BLOCK_DDL;\"; sleep 600) | mariadb --no-defaults -u root -S /srv/socket"
      )
    } isReady: { server in
      try server.inside(
        "\(Self.mariadb) -e \"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND = 0x536C656570\""
      ) != "0\n"
    }
  }

  private func refused(
    _ subject: Subject, other: (TestServer) throws -> TestLoad,
    isReady: (TestServer) throws -> Bool
  ) async throws {
    let server = try subject.server
    defer { server.stop() }
    try await subject.started(server)
    let load = try other(server)
    defer { load.stop() }
    try await eventually("the other backup is at work") { try isReady(server) }
    let refusal = await #expect(throws: Refusal.self) {
      try await QuiescerSet.conformance.prepare(subject.holds[0], for: server.target())
    }
    #expect(refusal?.code == .busy, "\(refusal.map { "\($0)" } ?? "")")
  }

  @Test func `is taken by redis only once a save that runs has ended`() async throws {
    let subject = Subject.redis("BGSAVE runs", options: "--appendonly no")
    let server = try subject.server
    defer { server.stop() }
    try await subject.started(server)
    // A save that takes long: some hundred keys, each with a pause.
    try server.inside(
      "for i in $(seq 500); do echo \"SET k$i $i\"; done | redis-cli -s /srv/socket > /dev/null")
    try server.inside("redis-cli -s /srv/socket CONFIG SET rdb-key-save-delay 10000")
    let hold = try await QuiescerSet.conformance.prepare(subject.holds[0], for: server.target())
    try server.inside("redis-cli -s /srv/socket BGSAVE")
    let refusal = await #expect(throws: Refusal.self) { try await hold.hold() }
    #expect(refusal?.code == .busy, "\(refusal.map { "\($0)" } ?? "")")
    _ = await hold.release()
    await hold.discard()
    let early = await #expect(throws: Refusal.self) {
      try await QuiescerSet.conformance.prepare(subject.holds[0], for: server.target())
    }
    #expect(early?.code == .busy)
  }

  @Test func `says on a replica what it cannot give`() async throws {
    let postgresql = Subject.postgreSQL("standby")
    let standby = try postgresql.server
    defer { standby.stop() }
    try await postgresql.started(standby)
    standby.halt()
    try shell("touch \(standby.volume.path)/data/standby.signal")
    let again = try TestServer(
      volume: standby.volume, user: "postgres", setup: "true",
      command: postgresql.command + " -c primary_conninfo=host=/nowhere")
    defer { again.halt() }
    try await postgresql.started(again)
    let hold = try await QuiescerSet.conformance.prepare(postgresql.holds[0], for: again.target())
    #expect(hold.readiness.losesAcknowledged)
    #expect(hold.readiness.fidelity.reasons.contains { $0.contains("standby") })
    try await hold.hold()
    #expect(try await hold.token().values["in_recovery"] == "t")
    _ = await hold.release()
    await hold.discard()

    for subject in [
      Subject.redis("replica", options: "--appendonly yes --replicaof 127.0.0.1 1"),
      .mariaDB("replica", options: "--server-id=2"),
    ] {
      let server = try subject.server
      defer { server.stop() }
      try await subject.started(server)
      if subject.name.hasPrefix("mariadb") {
        try server.inside(
          "\(Self.mariadb) -e \"CHANGE MASTER TO MASTER_HOST=\\\"127.0.0.1\\\"\""
        )
      }
      let hold = try await QuiescerSet.conformance.prepare(
        subject.holds[0], for: server.target())
      #expect(hold.readiness.losesAcknowledged, "\(subject.name)")
      let vouched = Fidelity.united(
        [hold.readiness.fidelity, .full], losesAcknowledged: hold.readiness.losesAcknowledged)
      #expect(!vouched.acknowledgedIsDurable && !vouched.nothingAcknowledged, "\(subject.name)")
      await hold.discard()
    }
  }
}
