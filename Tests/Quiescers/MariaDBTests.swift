import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Quiescers
import Testing

/// A real MariaDB, as Debian packages it.
@Suite(.serialized) struct `The mariadb hold` {
  private let quiescer = QuiescerSet(
    settings: QuiescerSettings(protectedPaths: [], holdLimit: .seconds(2)))
  private let spec = HoldSpec.mariadb(MariaDBHold(socket: "/srv/socket"))

  private func server(options: String = "") throws -> TestServer {
    let volume = try TestVolume(megabytes: 512)
    return try TestServer(
      volume: volume, user: "mysql",
      setup: """
        mariadb-install-db --no-defaults --auth-root-authentication-method=normal --user=mysql \
        --datadir=\(volume.path)/data
        """,
      command: """
        mariadbd --no-defaults --datadir=/srv/data --socket=/srv/socket --skip-networking \
        --pid-file=/srv/pid --innodb-buffer-pool-size=32M \(options)
        """)
  }

  private let client = "mariadb --no-defaults -u root -S /srv/socket"

  private func sql(_ server: TestServer, _ text: String) throws -> String {
    try server.inside("echo \"\(text)\" | \(client) -N")
  }

  private func started(_ server: TestServer) async throws {
    try await eventually("MariaDB answers", within: .seconds(60)) {
      (try? sql(server, "SELECT 1")) != nil
    }
    _ = try sql(
      server,
      "CREATE DATABASE t; CREATE TABLE t.a (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200)); CREATE TABLE t.m (id INT) ENGINE=MyISAM"
    )
  }

  @Test(arguments: ["--log-bin=/srv/data/bin --innodb-flush-log-at-trx-commit=0", ""])
  func `under load, nothing is committed during the hold, and the token stands still`(
    options: String
  )
    async throws
  {
    let server = try server(options: options)
    defer { server.stop() }
    try await started(server)
    let loads = try ["INSERT INTO t.a (v) VALUES (1);", "INSERT INTO t.m VALUES (1);"].map {
      try TestLoad(server, "while RUNNING; do echo \"\($0)\"; done | \(client)")
    }
    defer { for load in loads { load.stop() } }
    let hold = try await quiescer.prepare(spec, for: server.target())
    #expect(hold.readiness.fidelity == .full)
    #expect(hold.readiness.remarks.count == 1)
    for table in ["a", "m"] {
      let rows = "SELECT COUNT(*) FROM t.\(table)"
      let before = try sql(server, rows)
      try await eventually("a prepared server takes writes") { try sql(server, rows) != before }
    }
    let began = ContinuousClock.now
    try await hold.hold()
    print("measured: mariadb held after \(ContinuousClock.now - began)")
    let token = try await hold.token()
    let count = "SELECT MAX(id) FROM t.a; SELECT COUNT(*) FROM t.m"
    let before = try sql(server, count)
    try await Task.sleep(for: .milliseconds(500))
    #expect(try sql(server, count) == before)
    #expect(try await hold.token() == token)
    #expect(await hold.release() == ReleaseFinding(endedThisHold: true))
    try await eventually("writes go on") { try sql(server, count) != before }
    await hold.discard()
  }

  @Test(arguments: [
    "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-log-at-trx-commit=2",
    "--log-bin=/srv/data/bin --sync-binlog=0",
  ])
  func `everything acknowledged is in a copy that is made during the hold`(options: String)
    async throws
  {
    let server = try server(options: options)
    defer { server.stop() }
    try await started(server)
    let load = try TestLoad(
      server,
      "while RUNNING; do echo \"INSERT INTO t.a (v) VALUES (1); SELECT LAST_INSERT_ID();\"; done | \(client) -N -n > /srv/acknowledged"
    )
    defer { load.stop() }
    try await Task.sleep(for: .milliseconds(500))
    let database = try await quiescer.prepare(spec, for: server.target())
    let filesystem = try await quiescer.prepare(.filesystem, for: server.target())
    try await database.hold()
    try await filesystem.hold()
    let written = try await filesystem.token()
    let copy = server.volume.directory + "/copy"
    try shell("cp --sparse=always \(server.volume.directory)/image \(copy)")
    #expect(try await filesystem.token() == written)
    #expect(await filesystem.release().endedThisHold)
    #expect(await database.release().endedThisHold)
    await filesystem.discard()
    await database.discard()
    try shell("mkdir \(copy).d && mount -o loop \(copy) \(copy).d")
    defer { _ = try? shell("umount \(copy).d") }
    let acknowledged = try shell(
      "tail -n 2 \(copy).d/acknowledged | grep -E '^[0-9]+$' | tail -n 1")
    // The last line may be cut in the middle of a number; the one before it is whole.
    let last = try #require(Int(acknowledged.trimmingCharacters(in: .whitespacesAndNewlines)))
    let found = try shell(
      """
      cd \(copy).d && chown -R mysql . && (setpriv --reuid mysql --regid mysql --clear-groups mariadbd \
      --no-defaults --datadir=\(copy).d/data --socket=\(copy).d/socket --skip-networking \
      --pid-file=\(copy).d/pid >/dev/null 2>&1 & echo $! > \(copy).pid)
      for i in $(seq 300); do mariadb --no-defaults -u root -S \(copy).d/socket -N \
      -e 'SELECT MAX(id) FROM t.a' 2>/dev/null && break; sleep 0.1; done
      kill $(cat \(copy).pid); while kill -0 $(cat \(copy).pid) 2>/dev/null; do sleep 0.1; done
      """)
    print("measured: last acknowledged \(last), found \(found)")
    #expect(try #require(Int(found.trimmingCharacters(in: .whitespacesAndNewlines))) >= last)
  }

  @Test func `a client that is killed releases its hold at once`() async throws {
    let server = try server()
    defer { server.stop() }
    try await started(server)
    let hold = try await quiescer.prepare(spec, for: server.target())
    try await hold.hold()
    guard case .kill(let pidfd)? = hold.readiness.rescue.first,
      case .kill(let pid, _)? = hold.readiness.record.first
    else { throw TestFailure(description: "no way out of the hold") }
    let began = ContinuousClock.now
    kill(pid, SIGKILL)
    #expect(pidfd.use { $0 } >= 0)
    _ = try sql(server, "INSERT INTO t.a (v) VALUES (1)")
    print(
      "measured: mariadb writes again \(ContinuousClock.now - began) after its client was killed")
    let finding = await hold.release()
    #expect(!finding.endedThisHold)
    await hold.discard()
  }

  @Test func `a long statement makes the hold busy, and nothing waits behind it for long`()
    async throws
  {
    let server = try server()
    defer { server.stop() }
    try await started(server)
    let long = try TestLoad(
      server, "echo \"LOCK TABLES t.m WRITE; SELECT SLEEP(60);\" | \(client)")
    try await eventually("the statement runs") {
      try sql(server, "SHOW PROCESSLIST").contains("SLEEP(60)")
    }
    let early = await #expect(throws: Refusal.self) {
      try await quiescer.prepare(spec, for: server.target())
    }
    #expect(early?.code == .busy)
    long.stop()
    // The server goes on with a statement whose client has gone.
    let running = "FROM information_schema.processlist WHERE info LIKE 0x53454C45435420534C45455025"
    _ = try sql(
      server, "KILL \(sql(server, "SELECT id \(running)").trimmingCharacters(in: .newlines))")
    try await eventually("the statement is gone") {
      try sql(server, "SELECT COUNT(*) \(running)") == "0\n"
    }
    let hold = try await quiescer.prepare(spec, for: server.target())
    let late = try TestLoad(
      server, "echo \"BEGIN; INSERT INTO t.m SELECT SLEEP(60);\" | \(client)")
    defer { late.stop() }
    try await eventually("the statement runs") {
      try sql(server, "SHOW PROCESSLIST").contains("SLEEP(60)")
    }
    let refusal = await #expect(throws: Refusal.self) { try await hold.hold() }
    #expect(refusal?.code == .busy)
    _ = await hold.release()
    await hold.discard()
    _ = try sql(server, "INSERT INTO t.a (v) VALUES (1)")
  }

  @Test func `a user without the privilege is refused with a hint`() async throws {
    let server = try server()
    defer { server.stop() }
    try await started(server)
    _ = try sql(server, "CREATE USER weak@localhost")
    let refusal = await #expect(throws: Refusal.self) {
      try await quiescer.prepare(
        .mariadb(MariaDBHold(user: "weak", socket: "/srv/socket")), for: server.target())
    }
    #expect(refusal?.code == .hazard)
    #expect(refusal?.hint?.contains("RELOAD") == true)
  }
}
