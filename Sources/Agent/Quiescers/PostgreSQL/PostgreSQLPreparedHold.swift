internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model
internal import Synchronization

/// A warmed session at a checkpointed PostgreSQL.
final class PostgreSQLPreparedHold: PreparedHold {
  let member: ServiceName
  let session: PostgreSQLSession
  let entry: ContainerEntry
  let log: PostgreSQLLog
  let serverStart: String
  let readiness: HoldReadiness
  /// The longest that a commit may take which makes the log durable.
  let flushLimit: Duration
  /// A later hold stops the server: it answers nothing until that is over.
  let isPausedLater: Bool
  private let first = Mutex<(written: String, lsn: String)?>(nil)
  /// Where this hold began, and what was last seen of the server in it.
  private let seen = Mutex<Seen?>(nil)

  private struct Seen {
    var origin: UnwrittenCommits.Origin
    var sight: UnwrittenCommits.Sight?
    /// What was on the files of a server that is paused.
    var tail: LogTail?
  }

  private static let limit = Duration.seconds(1)

  init(
    member: ServiceName, session: PostgreSQLSession, entry: ContainerEntry, log: PostgreSQLLog,
    serverStart: String, flushLimit: Duration, isPausedLater: Bool, readiness: HoldReadiness
  ) {
    self.member = member
    self.session = session
    self.entry = entry
    self.log = log
    self.serverStart = serverStart
    self.flushLimit = flushLimit
    self.isPausedLater = isPausedLater
    self.readiness = readiness
  }

  /// Nothing to take: the freeze that follows is the hold. Makes durable what was committed until now, also by those
  /// that did not wait for it.
  ///
  /// Where the settings say that commits are acknowledged early, there is nothing to be kept, and on a standby nothing
  /// can be written.
  func hold() async throws(Refusal) {
    guard readiness.fidelity.acknowledgedIsDurable else {
      _ = try await position(limit: Self.limit)
      return
    }
    let origin = try await session.flush(limit: flushLimit)
    seen.withLock { $0 = Seen(origin: origin) }
  }

  /// The write-ahead log's last change on disk with the position it reaches, the timeline and the role.
  ///
  /// The server's own flushed position may lag behind a frozen disk: a process that had written, but not yet said so, says
  /// it during the hold. So the position is sampled when the files' state is first seen, and sampled anew once the files
  /// change; the files are what recovery reads.
  func token() async throws(Refusal) -> StateToken {
    let files: [String: FileStatus]
    do {
      files = try await onDedicatedThread { [entry, log] () throws(SystemError) in
        try entry.fingerprint(log.directory)
      }
    } catch {
      throw .because(error, member, "reading the write-ahead log")
    }
    let newest = files.max { ($0.value.modified, $0.key) < ($1.value.modified, $1.key) }
    let written = newest.map { "\($0.key) at \($0.value.modified)" } ?? "nothing"
    guard !isPausedLater else { return try await pausedToken(written) }
    let position = try await position(limit: Self.limit)
    let stable = first.withLock { first in
      if let first, first.written == written { return first.lsn }
      first = (written, position.lsn)
      return position.lsn
    }
    if let sight = position.sight { seen.withLock { $0?.sight = sight } }
    return StateToken(
      quiescer: readiness.quiescer,
      values: [
        "wal": written, "lsn": stable, "timeline": position.timeline,
        "in_recovery": position.isInRecovery,
      ])
  }

  /// The token of a server that cannot be asked. What it will say first, once it runs again, is asked now: the less time passes
  /// until then, the fewer commits are mistaken for older ones.
  private func pausedToken(_ written: String) async throws(Refusal) -> StateToken {
    if let known = seen.withLock({ $0 }), known.tail == nil {
      let tail = try await log.tail(from: known.origin, of: entry, limit: Self.limit)
      try await onDedicatedThread { [session] () throws(Refusal) in
        try session.pose(Self.positionQuery, limit: Self.limit)
      }
      seen.withLock { $0?.tail = tail }
    }
    return StateToken(quiescer: readiness.quiescer, values: ["wal": written])
  }

  /// The server's first answer after its pause.
  private func takePosedAnswer() async throws(Refusal) {
    guard let row = try await session.posedRow(columns: 6, limit: .milliseconds(900)) else {
      return
    }
    let sight = try position(row).sight
    seen.withLock { $0?.sight = sight }
  }

  struct Position {
    var lsn: String
    var isInRecovery: String
    var timeline: String
    /// Nil on a standby.
    var sight: UnwrittenCommits.Sight?
  }

  /// Reads only what is in memory once it was read before, and writes nothing.
  ///
  /// A statement's snapshot is older than whatever its functions find.
  func position(limit: Duration) async throws(Refusal) -> Position {
    try position(await session.row(Self.positionQuery, columns: 6, limit: limit))
  }

  private static let positionQuery = """
    SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
    ELSE pg_current_wal_flush_lsn() END, pg_is_in_recovery(), timeline_id, \
    CASE WHEN NOT pg_is_in_recovery() THEN txid_current_snapshot() END, \
    CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END, \
    CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() END \
    FROM pg_control_checkpoint()
    """

  private func position(_ row: [String]) throws(Refusal) -> Position {
    var sight: UnwrittenCommits.Sight?
    if row[1] == "f" {
      guard let ended = TransactionSnapshot(row[3]), let written = LogPosition(row[4]),
        let inserted = LogPosition(row[5])
      else { throw Refusal(.failed, "position of \(member) had an unexpected form: \(row)") }
      sight = UnwrittenCommits.Sight(ended: ended, written: written, inserted: inserted)
    }
    return Position(lsn: row[0], isInRecovery: row[1], timeline: row[2], sight: sight)
  }

  func release() async -> ReleaseFinding {
    await runUncancelled { [self] in
      do throws(Refusal) {
        try await takePosedAnswer()
        let row = try await session.row(
          "SELECT pg_postmaster_start_time()", columns: 1, limit: .milliseconds(900))
        guard row[0] == serverStart else {
          return ReleaseFinding(
            endedThisHold: false, finding: "the server of \(member) had restarted")
        }
        return ReleaseFinding(endedThisHold: true)
      } catch {
        return ReleaseFinding(
          endedThisHold: false, finding: "the session at \(member) did not last: \(error.message)")
      }
    }
  }

  /// Whether the server had committed for everybody to see what the frozen disk lacks.
  ///
  /// What was in the server's memory alone can be read once its disk takes writes again.
  func examine() async -> String? {
    guard let known = seen.withLock({ $0 }) else { return nil }
    guard let sight = known.sight, !isPausedLater || known.tail != nil else {
      return isPausedLater
        ? "whether \(member) acknowledged what was not on its disk cannot be told: it was not asked"
        : nil
    }
    guard isPausedLater || sight.inserted > sight.written else { return nil }
    let commits = UnwrittenCommits(origin: known.origin, sight: sight)
    do throws(Refusal) {
      _ = try await session.flush(limit: flushLimit)
      guard
        let lost = try await log.unwritten(
          commits, beyond: known.tail, of: entry, limit: flushLimit
        ).first
      else { return nil }
      guard !isPausedLater else {
        return
          "transaction \(lost) of \(member) was committed, and not in its files while it was paused: a session of it commits with synchronous_commit = off, or it was quicker than the question after the pause"
      }
      return
        "\(member) had acknowledged transaction \(lost) before it was on the disk: a session of it commits with synchronous_commit = off"
    } catch {
      return
        "whether \(member) acknowledged what was not on its disk cannot be told: \(error.message)"
    }
  }

  func discard() async {
    await runUncancelled { [session] in await session.session.end() }
  }
}
