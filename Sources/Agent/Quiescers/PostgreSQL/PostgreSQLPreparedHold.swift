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
  let walDirectory: String
  let serverStart: String
  let readiness: HoldReadiness
  private let first = Mutex<(written: String, lsn: String)?>(nil)
  /// The first transaction that had not begun when the hold was first sampled.
  private let firstUnbegun = Mutex<Int64?>(nil)

  private static let limit = Duration.seconds(1)

  init(
    member: ServiceName, session: PostgreSQLSession, entry: ContainerEntry, walDirectory: String,
    serverStart: String, readiness: HoldReadiness
  ) {
    self.member = member
    self.session = session
    self.entry = entry
    self.walDirectory = walDirectory
    self.serverStart = serverStart
    self.readiness = readiness
  }

  /// Nothing to take: the freeze that follows is the hold. Checks that the server is still there.
  func hold() async throws(Refusal) {
    _ = try await position(limit: Self.limit)
    // The holds that follow are in force when the first token is asked for.
    firstUnbegun.withLock { $0 = nil }
  }

  /// The write-ahead log's last change on disk with the position it reaches, the timeline and the role.
  ///
  /// The server's own flushed position may lag behind a frozen disk: a process that had written, but not yet said so, says
  /// it during the hold. So the position is sampled when the files' state is first seen, and sampled anew once the files
  /// change; the files are what recovery reads.
  func token() async throws(Refusal) -> StateToken {
    let files: [String: FileStatus]
    do {
      files = try await onDedicatedThread { [entry, walDirectory] () throws(SystemError) in
        try entry.fingerprint(walDirectory)
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
    var values = [
      "wal": written, "lsn": stable, "timeline": position.timeline,
      "in_recovery": position.isInRecovery,
    ]
    // Where the settings say so already, the commits of sessions that do not wait are no news.
    if readiness.fidelity.acknowledgedIsDurable {
      values["committed without the disk"] = position.committed
    }
    return StateToken(quiescer: readiness.quiescer, values: values)
  }

  struct Position {
    var lsn: String
    var isInRecovery: String
    var timeline: String
    /// How many transactions are committed that began after the hold was first sampled; counted up to about a thousand.
    var committed: String
  }

  /// Reads only what is in memory once it was read before, and writes nothing.
  ///
  /// A transaction that began on a frozen disk can only be committed by a session that does not wait for the disk: its
  /// `synchronous_commit` is off, which no other session can ask. `age` tells the next transaction's number without
  /// using one up; the snapshot's numbers are of 64 bits.
  func position(limit: Duration) async throws(Refusal) -> Position {
    let known = firstUnbegun.withLock { $0 }
    let begin = known.map { "\($0)" } ?? "n.unbegun"
    let row = try await session.row(
      """
      SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
      ELSE pg_current_wal_flush_lsn() END, pg_is_in_recovery(), timeline_id, n.unbegun, \
      (SELECT count(*) FROM generate_series(\(begin), least(n.unbegun - 1, \(begin) + 1000)) AS x \
      WHERE txid_status(x) = 'committed') \
      FROM pg_control_checkpoint(), \
      (SELECT known + ((low - known) & 4294967295) AS unbegun FROM \
      (SELECT txid_snapshot_xmax(txid_current_snapshot()) AS known, \
      (age('3'::xid)::bigint + 3) AS low OFFSET 0) AS m OFFSET 0) AS n
      """, columns: 5, limit: limit)
    guard let unbegun = Int64(row[3]) else {
      throw Refusal(.failed, "position of \(member) had an unexpected form: \(row)")
    }
    firstUnbegun.withLock { $0 = $0 ?? unbegun }
    return Position(lsn: row[0], isInRecovery: row[1], timeline: row[2], committed: row[4])
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

  func discard() async {
    await runUncancelled { [session] in await session.session.end() }
  }
}
