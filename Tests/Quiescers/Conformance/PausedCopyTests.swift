import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import Model
import Quiescers
import Testing

/// Databases whose files are copied one after the other while clients write to them, as drivers without snapshots do it.
@Suite(.serialized) struct `Copies of a database, file by file` {
  struct Copied: Sendable {
    /// Nil where the copy could not be opened.
    var restored: Set<Int>?
    /// Acknowledged when the hold was complete, when the copy was, and one write each that was under way.
    var before: Set<Int>
    var ended: Set<Int>
    /// What says that the hold was not what it promised.
    var findings: [String]
    var declared: Fidelity
  }

  private static let writers = 3

  static func postgreSQL(_ name: String, options: String = "", session: String? = nil) -> Subject {
    .postgreSQL(name, options: options, session: session, frozen: false)
  }

  /// Holds, copies and releases in the order of a cut; `pauses` says whether `pause` is part of the hold, `more` how many writes are
  /// to be acknowledged between the application's hold and that.
  static func copied(_ subject: Subject, pauses: Bool, more: Int = 0) async throws -> Copied {
    let volume = try TestVolume(megabytes: subject.megabytes)
    let group = try TestGroup()
    defer { group.remove() }
    let server = try TestServer(
      volume: volume, user: subject.user,
      setup: subject.setup.replacing("VOLUME", with: volume.path), command: subject.command,
      group: group)
    defer { server.stop() }
    try await subject.started(server)
    try server.inside(subject.schema)
    let ledger = Ledger()
    let load = try (1...writers).map {
      try LoadWriter(subject, on: server, from: $0 * 10_000_000, ledger: ledger)
    }
    defer { for writer in load { writer.stop() } }
    try await eventually("there is load") { ledger.acknowledged.count > 100 }
    let target = try server.target(cap: .seconds(40))
    let specs = subject.holds + (pauses ? [.pause] : [])
    var holds: [any PreparedHold] = []
    for (index, spec) in specs.enumerated() {
      let target = target.before(specs[(index + 1)...])
      holds.append(try await QuiescerSet.conformance.prepare(spec, for: target))
    }
    let destination = try TestVolume(megabytes: subject.megabytes)
    defer { destination.remove() }
    let member = HeldSequence(holds)
    do {
      try await member.take {
        let known = ledger.acknowledged.count
        try await eventually("writes go on") { ledger.acknowledged.count >= known + more }
      }
      let before = ledger.acknowledged
      try copy(volume.path, to: destination.path)
      let ended = ledger.acknowledged
      let findings = await member.end()
      for writer in load { writer.stop() }
      group.remove()
      server.halt()
      return Copied(
        restored: try? await restored(subject, destination), before: before, ended: ended,
        findings: findings,
        declared: Fidelity.united(
          holds.map(\.readiness.fidelity),
          losesAcknowledged: holds.contains(where: \.readiness.losesAcknowledged)))
    } catch {
      _ = await member.end()
      throw error
    }
  }

  /// One file after the other, and slow enough for a server that runs to write in between.
  private static func copy(_ from: String, to destination: String) throws {
    try shell(
      """
      cd \(from) && find . -type d -exec mkdir -p \(destination)/{} \\; &&
      n=0; find . -type f | sort | while read -r file; do
        cp -p "$file" "\(destination)/$file" 2>/dev/null; n=$((n+1)); [ $((n % 40)) = 0 ] && sleep 0.05
      done; chown -R --reference=\(from)/data \(destination)/data; chmod 700 \(destination)/data
      """, timeout: .seconds(60))
  }

  private static func restored(_ subject: Subject, _ volume: TestVolume) async throws -> Set<Int> {
    let server = try TestServer(
      volume: volume, user: subject.user, setup: "rm -f \(volume.path)/data/postmaster.pid",
      command: subject.command)
    defer { server.halt() }
    try await eventually("\(subject.name) answers", within: .seconds(20)) {
      (try? server.inside(subject.ready)) != nil
    }
    return try subject.numbers(server)
  }

  private static let subjects = [
    postgreSQL("paused"), .mariaDB("paused"),
    .mariaDB("paused, AIO", options: "--innodb-flush-method=O_DIRECT"),
  ]

  @Test(arguments: subjects)
  func `a paused database is copied as it was at one instant`(subject: Subject) async throws {
    // A commit that is quicker than the question after the pause makes an attempt of postgresql a failed one.
    for attempt in 1...3 {
      let copied = try await Self.copied(subject, pauses: true)
      print(
        "paused copy: \(subject.name) | attempt \(attempt) | \(copied.before.count) writes acknowledged, \(copied.ended.count - copied.before.count) in the hold, \(copied.restored?.count ?? -1) restored | \(copied.findings)"
      )
      #expect(copied.declared.isFull, "\(copied.declared.reasons)")
      let restored = try #require(copied.restored, "the copy could not be opened")
      #expect(copied.before.isSubset(of: restored))
      // Nothing is acknowledged in the hold; an answer may have been under way, one for each writer.
      #expect(copied.ended.count - copied.before.count <= Self.writers)
      #expect(restored.subtracting(copied.ended).count <= Self.writers)
      if copied.findings.isEmpty { return }
    }
    Issue.record("no attempt was unbroken")
  }

  @Test func `without a pause the copy is not of the hold's instant`() async throws {
    let copied = try await Self.copied(Self.postgreSQL("not paused"), pauses: false)
    let late = copied.restored.map { $0.subtracting(copied.before).count }
    let lost = copied.restored.map { copied.before.subtracting($0).count }
    print(
      "copy without a pause: opened \(copied.restored != nil), \(lost ?? -1) lost, \(late ?? -1) of later"
    )
    #expect(copied.restored == nil || lost != 0 || (late ?? 0) > Self.writers)
  }

  @Test func `a session that acknowledges early is found although the server is paused`()
    async throws
  {
    // Nothing but a commit that waits writes the log of this server in time.
    let subject = Self.postgreSQL(
      "session, paused", options: "-c wal_writer_delay=10s", session: "synchronous_commit=off")
    let copied = try await Self.copied(subject, pauses: true, more: 30)
    let restored = try #require(copied.restored, "the copy could not be opened")
    print(
      "paused copy: synchronous_commit = off for a session | \(copied.before.subtracting(restored).count) lost | \(copied.findings)"
    )
    #expect(!copied.before.isSubset(of: restored), "nothing was lost, so nothing was to be found")
    #expect(copied.findings.contains { $0.hasPrefix("transaction ") })
  }
}

/// Several holds of one member in the order of a cut, with the tokens that only a running application gives taken outside of what
/// stops it.
final class HeldSequence {
  private let holds: [any PreparedHold]
  private var begun: [any PreparedHold] = []
  private var tokens: [Int: StateToken] = [:]

  init(_ holds: [any PreparedHold]) { self.holds = holds }

  func take(beforeStop: () async throws -> Void) async throws {
    for (place, hold) in holds.enumerated() {
      if hold.readiness.stopsApplication {
        try await beforeStop()
        for earlier in 0..<place where holds[earlier].readiness.tokenIsAsked {
          tokens[earlier] = try await holds[earlier].token()
        }
      }
      begun.append(hold)
      try await hold.hold()
    }
    for place in holds.indices where tokens[place] == nil {
      tokens[place] = try await holds[place].token()
    }
  }

  func end() async -> [String] {
    var findings: [String] = []
    var later: Set<Int> = []
    if holds.contains(where: \.readiness.stopsApplication) {
      later = Set(holds.indices.filter { holds[$0].readiness.tokenIsAsked })
    }
    for place in holds.indices where !later.contains(place) { await compare(place, &findings) }
    for (place, hold) in begun.enumerated().reversed() {
      if later.contains(place) { await compare(place, &findings) }
      let finding = await hold.release()
      if !finding.endedThisHold { findings.append(finding.finding ?? "not in force") }
    }
    for hold in begun.reversed() {
      if let finding = await hold.examine() { findings.append(finding) }
    }
    for hold in holds.reversed() { await hold.discard() }
    return findings
  }

  private func compare(_ place: Int, _ findings: inout [String]) async {
    do {
      let token = try await holds[place].token()
      if token != tokens[place] { findings.append("\(token.quiescer): \(token.values)") }
    } catch {
      findings.append("\(error)")
    }
  }
}
