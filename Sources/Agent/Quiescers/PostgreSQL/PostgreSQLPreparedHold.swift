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
    let (lsn, isInRecovery, timeline) = try await position(limit: Self.limit)
    let stable = first.withLock { first in
      if let first, first.written == written { return first.lsn }
      first = (written, lsn)
      return lsn
    }
    return StateToken(
      quiescer: readiness.quiescer,
      values: [
        "wal": written, "lsn": stable, "timeline": timeline, "in_recovery": isInRecovery,
      ])
  }

  /// Reads only what is in memory once it was read before, and writes nothing.
  func position(
    limit: Duration
  ) async throws(Refusal) -> (lsn: String, isInRecovery: String, timeline: String) {
    let row = try await session.row(
      """
      SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
      ELSE pg_current_wal_flush_lsn() END, pg_is_in_recovery(), timeline_id \
      FROM pg_control_checkpoint()
      """, columns: 3, limit: limit)
    return (row[0], row[1], row[2])
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
