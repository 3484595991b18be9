import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Testing

@testable import Quiescers

/// PostgreSQL sessions that commit without waiting for the disk, which no setting that can be read tells of.
@Suite(.serialized) struct `A commit of postgresql that did not wait` {
  /// Nobody but the committing session writes the log: what it does not write stays in memory for seconds.
  private static let lazy = "-c wal_writer_delay=10s -c bgwriter_delay=10s"
  private static let waiting = "psql -X -q -A -t -h /srv -U writer -d work"
  private static let early = "env PGOPTIONS=-csynchronous_commit=off \(waiting)"
  private static let insert = "INSERT INTO t VALUES (1) RETURNING id;"

  /// What one hold of a server said, and what its frozen disk has.
  private struct Outcome {
    var finding: String?
    var stored: Set<Int>
  }

  /// Takes the hold of a server, then that of its filesystem, while a client speaks before, between and after them. The
  /// table has a row 0: where the first one of a page is stored the disk must take writes.
  private func outcome(
    _ name: String, client command: String, options: String = "", before: [String] = [],
    between: [String] = [], during: [String] = []
  ) async throws -> Outcome {
    let subject = Subject.postgreSQL(name, options: "\(Self.lazy) \(options)")
    let server = try subject.server
    defer { server.stop() }
    try await subject.started(server)
    try server.inside(subject.schema)
    let client = try TestClient(command, on: server)
    defer { client.stop() }
    #expect(try client.ask("INSERT INTO t VALUES (0) RETURNING id;") == "0")
    #expect(
      try client.ask(
        "CREATE UNLOGGED TABLE u (id int); INSERT INTO u VALUES (0); SELECT 'ready';") == "ready")
    var holds: [any PreparedHold] = []
    for spec in subject.holds {
      holds.append(try await QuiescerSet.conformance.prepare(spec, for: server.target()))
    }
    for line in before { #expect(try client.ask(line) == "1") }
    try await holds[0].hold()
    for line in between { #expect(try client.ask(line) == "1") }
    try await holds[1].hold()
    _ = try await holds[0].token()
    for line in during { #expect(try client.ask(line) == "1") }
    let frozen = try server.volume.clone("frozen")
    _ = try await holds[0].token()
    for hold in holds.reversed() { #expect(await hold.release().endedThisHold) }
    let finding = await holds[0].examine()
    for hold in holds.reversed() { await hold.discard() }
    server.halt()
    return Outcome(finding: finding, stored: try await subject.restored(from: frozen))
  }

  @Test func `before the hold is on the disk with it`() async throws {
    let outcome = try await outcome("early before", client: Self.early, before: [Self.insert])
    #expect(outcome.finding == nil)
    #expect(outcome.stored == [0, 1])
  }

  @Test func `between the hold and the freeze is found`() async throws {
    let outcome = try await outcome("early between", client: Self.early, between: [Self.insert])
    #expect(outcome.finding?.contains("synchronous_commit = off") == true)
    #expect(outcome.stored == [0])
  }

  @Test func `during the freeze is found`() async throws {
    let outcome = try await outcome("early during", client: Self.early, during: [Self.insert])
    #expect(outcome.finding?.contains("synchronous_commit = off") == true)
    #expect(outcome.stored == [0])
  }

  @Test func `is found in a transaction that began long before`() async throws {
    let outcome = try await outcome(
      "early, begun before", client: Self.early, before: ["BEGIN; \(Self.insert)"],
      during: ["COMMIT; SELECT 1;"])
    #expect(outcome.finding?.contains("synchronous_commit = off") == true)
    #expect(outcome.stored == [0])
  }

  @Test func `is no finding where it waited`() async throws {
    let outcome = try await outcome("late between", client: Self.waiting, between: [Self.insert])
    #expect(outcome.finding == nil)
    #expect(outcome.stored == [0, 1])
  }

  @Test(arguments: ["replica", "logical"])
  func `is no finding where a restart forgets what it changed`(level: String) async throws {
    let outcome = try await outcome(
      "unlogged, \(level)", client: Self.waiting, options: "-c wal_level=\(level)",
      during: ["INSERT INTO u VALUES (1) RETURNING id;"])
    #expect(outcome.finding == nil)
    #expect(outcome.stored == [0])
  }

  @Test func `is never suspected in fifty holds of a server whose sessions all wait`() async throws
  {
    let subject = Subject.postgreSQL("fifty holds")
    let server = try subject.server
    defer { server.stop() }
    try await subject.started(server)
    try server.inside(subject.schema)
    let ledger = Ledger()
    let writers = try (1...4).map {
      try LoadWriter(subject, on: server, from: $0 * 10_000_000, ledger: ledger)
    }
    defer { for writer in writers { writer.stop() } }
    let database = try await QuiescerSet.conformance.prepare(subject.holds[0], for: server.target())
    var withLog = 0
    for round in 1...50 {
      let before = ledger.acknowledged.count
      try await eventually("there is load") { ledger.acknowledged.count > before + 20 }
      let filesystem = try await QuiescerSet.conformance.prepare(.filesystem, for: server.target())
      try await database.hold()
      try await filesystem.hold()
      let token = try await database.token()
      try await Task.sleep(for: .milliseconds(20))
      #expect(try await database.token() == token, "round \(round)")
      let prepared = try #require(database as? PostgreSQLPreparedHold)
      let sight = try #require(try await prepared.position(limit: .seconds(1)).sight)
      if sight.inserted > sight.written { withLog += 1 }
      #expect(await filesystem.release().endedThisHold, "round \(round)")
      #expect(await database.release().endedThisHold, "round \(round)")
      let finding = await database.examine()
      #expect(finding == nil, "round \(round): \(finding ?? "")")
      await filesystem.discard()
    }
    await database.discard()
    print("conformance: \(withLog) of 50 holds had log in memory that the disk lacked")
    // Otherwise nothing was tried: the writers had commits under way in every hold.
    #expect(withLog > 40)
  }
}
