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
  private let first = Mutex<(written: String, lsn: String)?>(nil)
  /// Where this hold began, and what was last seen of the server in it.
  private let seen = Mutex<(origin: UnwrittenCommits.Origin, sight: UnwrittenCommits.Sight?)?>(nil)

  private static let limit = Duration.seconds(1)

  init(
    member: ServiceName, session: PostgreSQLSession, entry: ContainerEntry, log: PostgreSQLLog,
    serverStart: String, flushLimit: Duration, readiness: HoldReadiness
  ) {
    self.member = member
    self.session = session
    self.entry = entry
    self.log = log
    self.serverStart = serverStart
    self.flushLimit = flushLimit
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
    seen.withLock { $0 = (origin, nil) }
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
    let row = try await session.row(
      """
      SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
      ELSE pg_current_wal_flush_lsn() END, pg_is_in_recovery(), timeline_id, \
      CASE WHEN NOT pg_is_in_recovery() THEN txid_current_snapshot() END, \
      CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END, \
      CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() END \
      FROM pg_control_checkpoint()
      """, columns: 6, limit: limit)
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
    guard let (origin, sight) = seen.withLock({ $0 }), let sight, sight.inserted > sight.written
    else { return nil }
    let commits = UnwrittenCommits(origin: origin, sight: sight)
    do throws(Refusal) {
      _ = try await session.flush(limit: flushLimit)
      guard let lost = try await log.unwritten(commits, of: entry, limit: flushLimit).first else {
        return nil
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
