import AgentCore
import CutProtocol
import LinuxSystem
import Model
import Quiescers
import Testing

/// Every quiescer, against the real server, under load, with settings that acknowledge early as well: what a hold
/// declares it keeps, or it says afterwards that it was broken.
@Suite(.serialized) struct `Quiescer conformance` {
  /// What is expected of a subject beyond keeping its promises, so that a hold cannot pass by promising nothing.
  enum Expected: Sendable {
    case everything
    /// Declared as missing.
    case without([String])
    /// Promised before, and found to be broken by the hold itself.
    case broken
  }

  static func check(_ subject: Subject, _ expected: Expected) async throws {
    let examined = try await Examination.of(subject)
    print(examined.row)
    #expect(examined.violations.isEmpty, "\(examined.row)")
    switch expected {
    case .everything:
      #expect(examined.declared.isFull, "\(examined.declared.reasons)")
      #expect(examined.found.isFull)
      #expect(examined.intact)
    case .without(let missing):
      let given = [
        "F1": examined.declared.durableStateConstant, "F2": examined.declared.acknowledgedIsDurable,
        "F3": examined.declared.nothingAcknowledged,
      ]
      #expect(given.filter { !$0.value }.keys.sorted() == missing)
      for name in missing {
        #expect(examined.declared.reasons.contains { $0.contains(name) }, "no reason for \(name)")
      }
    case .broken:
      #expect(!examined.intact)
    }
  }

  @Test func `postgresql with its defaults keeps everything`() async throws {
    try await Self.check(.postgreSQL("defaults"), .everything)
  }

  @Test func `postgresql without a freeze declares that it goes on`() async throws {
    try await Self.check(.postgreSQL("no filesystem hold", frozen: false), .without(["F1", "F3"]))
  }

  @Test func `postgresql that acknowledges early by configuration declares it`() async throws {
    let off = "synchronous_commit=off"
    try await Self.check(
      .postgreSQL("\(off) for the server", options: "-c \(off)"), .without(["F2", "F3"]))
    try await Self.check(.postgreSQL("\(off) for a role", role: off), .without(["F2", "F3"]))
    try await Self.check(
      .postgreSQL("\(off) for a database", database: off), .without(["F2", "F3"]))
    try await Self.check(
      .postgreSQL("fsync=off", options: "-c fsync=off"), .without(["F2", "F3"]))
  }

  @Test func `postgresql with a session that acknowledges early finds it out`() async throws {
    try await Self.check(
      .postgreSQL("synchronous_commit=off for a session", session: "synchronous_commit=off"),
      .broken)
  }

  @Test(arguments: [
    ("defaults", ""), ("binary log", "--log-bin=/srv/data/bin --sync-binlog=1"),
    ("innodb_flush_log_at_trx_commit=0", "--innodb-flush-log-at-trx-commit=0"),
    ("innodb_flush_log_at_trx_commit=2", "--innodb-flush-log-at-trx-commit=2"),
    ("sync_binlog=0", "--log-bin=/srv/data/bin --sync-binlog=0"),
  ])
  func `mariadb closes the gap of its settings`(name: String, options: String) async throws {
    try await Self.check(.mariaDB(name, options: options), .everything)
  }

  @Test func `mariadb with a freeze keeps everything`() async throws {
    try await Self.check(
      .mariaDB(
        "flush=0, frozen", options: "--innodb-flush-log-at-trx-commit=0", frozen: true), .everything
    )
  }

  @Test(arguments: [
    ("MyISAM", ""), ("MyISAM", "--delay-key-write=ALL"), ("Aria", ""),
    ("Aria TRANSACTIONAL=0", ""),
  ])
  func `mariadb keeps tables without transactions`(engine: String, options: String) async throws {
    try await Self.check(
      .mariaDB("\(engine) \(options)", options: options, engine: engine), .everything)
  }

  @Test(arguments: [
    ("appendfsync always", "--appendonly yes --appendfsync always"),
    ("appendfsync everysec", "--appendonly yes --appendfsync everysec"),
    ("appendfsync no", "--appendonly yes --appendfsync no"),
    ("only RDB", "--appendonly no --save 3600 1000000"),
    ("no persistence", "--appendonly no --save ''"),
  ])
  func `redis closes the gap of its settings`(name: String, options: String) async throws {
    try await Self.check(.redis(name, options: options), .everything)
  }

  @Test func `redis with a freeze keeps everything`() async throws {
    try await Self.check(
      .redis("appendfsync no, frozen", options: "--appendonly yes --appendfsync no", frozen: true),
      .everything)
  }

  @Test func `a filesystem alone does not vouch for who writes on it`() async throws {
    for (name, acknowledging) in [
      ("filesystem, writer fsyncs", Subject.Acknowledging.afterFsync),
      ("filesystem, writer does not fsync", .afterWrite),
      ("filesystem, writer acknowledges from memory", .fromMemory),
    ] {
      try await Self.check(.files(name, acknowledging), .without(["F2", "F3"]))
    }
  }

  @Test func `an honest command keeps what the plan vouches for`() async throws {
    try await Self.check(
      .files(
        "command, honest", .afterFsync,
        holds: [Subject.command(pre: Subject.honestPre, fences: true)]), .everything)
  }

  @Test func `a command that nobody vouches for declares nothing`() async throws {
    try await Self.check(
      .files(
        "command, no fences", .afterFsync, holds: [Subject.command(pre: "true", fences: false)]),
      .without(["F1", "F2", "F3"]))
  }

  @Test func `a command that lies is found by what is written during its hold`() async throws {
    for acknowledging in [Subject.Acknowledging.afterFsync, .afterWrite, .fromMemory] {
      try await Self.check(
        .files(
          "command, lies, writer \(acknowledging)", acknowledging,
          holds: [Subject.command(pre: "true", fences: true)]), .broken)
    }
  }

  @Test func `a quiescer that lies fails this suite`() async throws {
    let options = "--appendonly yes --appendfsync no"
    let examined = try await Examination.of(
      .redis("LYING", options: options), by: LyingQuiescer())
    print(examined.row)
    #expect(examined.intact)
    #expect(examined.violations.contains("F2"))
    #expect(examined.violations.contains("F3"))
  }

  @Test func `a quiescer that lets go in the middle fails this suite`() async throws {
    let examined = try await Examination.of(
      .files(
        "DESERTING", .afterFsync,
        holds: [Subject.command(pre: Subject.honestPre, fences: true)]),
      by: BlindQuiescer(),
      during: { server in try server.inside("rm /srv/paused") })
    print(examined.row)
    #expect(examined.violations.contains("F1"))
    #expect(examined.violations.contains("F3"))
  }
}

/// Says that it holds, and does nothing: the suite's negative control.
struct LyingQuiescer: Quiescer {
  func prepare(_ hold: HoldSpec, for target: HoldTarget) async throws(Refusal)
    -> any PreparedHold
  {
    LyingHold()
  }
}

struct LyingHold: PreparedHold {
  var readiness: HoldReadiness {
    HoldReadiness(
      quiescer: "liar", fidelity: .full, predicted: .zero, remarks: [], rescue: [], record: [])
  }
  func hold() async throws(Refusal) {}
  func token() async throws(Refusal) -> StateToken { StateToken(quiescer: "liar", values: [:]) }
  func release() async -> ReleaseFinding { ReleaseFinding(endedThisHold: true) }
  func discard() async {}
}

/// Takes the real hold, and neither looks whether it lasts.
struct BlindQuiescer: Quiescer {
  func prepare(_ hold: HoldSpec, for target: HoldTarget) async throws(Refusal)
    -> any PreparedHold
  {
    BlindHold(hold: try await QuiescerSet.conformance.prepare(hold, for: target))
  }
}

struct BlindHold: PreparedHold {
  var hold: any PreparedHold
  var readiness: HoldReadiness { hold.readiness }
  func hold() async throws(Refusal) { try await hold.hold() }
  func token() async throws(Refusal) -> StateToken { StateToken(quiescer: "blind", values: [:]) }
  func release() async -> ReleaseFinding {
    _ = await hold.release()
    return ReleaseFinding(endedThisHold: true)
  }
  func discard() async { await hold.discard() }
}
