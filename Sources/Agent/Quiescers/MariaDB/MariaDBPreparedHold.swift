internal import AgentCore
internal import CutProtocol
internal import LinuxSystem
internal import Model
internal import Synchronization

/// A session that has begun a backup, ready to block commits.
final class MariaDBPreparedHold: PreparedHold {
  let member: ServiceName
  let session: MariaDBSession
  let hasBinaryLog: Bool
  /// The data directory, when its filesystem must be flushed for F2 and no freeze follows that does it.
  let flushed: DescriptorHandle?
  /// Whether the engines' logs must be written for F2: with InnoDB's own settings every commit has done that.
  let writesLogs: Bool
  /// Whether the server's own flush of its log has to be waited for.
  let waitsForFlush: Bool
  let holdLimit: Duration
  let readiness: HoldReadiness

  private enum State {
    case ready, holding, held, released
  }
  private let state = Mutex(State.ready)

  /// ER_BACKUP_STAGE_ORDER: the stage that is asked for is in force already, or a later one.
  private static let stageInForce = 4147

  init(
    member: ServiceName, session: MariaDBSession, hasBinaryLog: Bool,
    flushed: DescriptorHandle?, writesLogs: Bool, waitsForFlush: Bool, holdLimit: Duration,
    readiness: HoldReadiness
  ) {
    self.member = member
    self.session = session
    self.hasBinaryLog = hasBinaryLog
    self.flushed = flushed
    self.writesLogs = writesLogs
    self.waitsForFlush = waitsForFlush
    self.holdLimit = holdLimit
    self.readiness = readiness
  }

  func hold() async throws(Refusal) {
    let mayBegin = state.withLock { state in
      guard state == .ready else { return false }
      state = .holding
      return true
    }
    guard mayBegin else {
      throw Refusal(
        .expired, "hold of \(member) was given up: its release came before it was in force")
    }
    // Goes through the stages before it, FLUSH and BLOCK_DDL, by itself: one round trip for all of them.
    _ = try await session.rows("BACKUP STAGE BLOCK_COMMIT", limit: holdLimit)
    if writesLogs { _ = try await session.rows("FLUSH ENGINE LOGS", limit: holdLimit) }
    if waitsForFlush { try await flushServersMemory() }
    if let flushed {
      do {
        try await onDedicatedThread { () throws(SystemError) in
          try FilesystemFreeze.synchronize(flushed, name: "the data directory")
        }
      } catch {
        throw .because(error, member, "flush")
      }
    }
    state.withLock { if $0 == .holding { $0 = .held } }
  }

  /// With `innodb_flush_log_at_trx_commit = 0` only the server's timer flushes its log (`innodb_flush_log_at_timeout`, a
  /// second), and FLUSH ENGINE LOGS does nothing: no commit is under way, so once the flushed position has reached
  /// today's end, all of them are durable.
  ///
  /// A user who may set it sets it to 1 for the length of that one statement. Should everything end in between, the server
  /// is left with the safer setting.
  private func flushServersMemory() async throws(Refusal) {
    let deadline = LinuxKernel.timeSinceBoot() + holdLimit
    let end = try await logPosition("Innodb_lsn_current")
    let setting = "GLOBAL innodb_flush_log_at_trx_commit"
    // Without the right to set it, and with any other failure, the server's timer is waited for.
    _ = try await session.answer(
      """
      SET @stillpoint = @@innodb_flush_log_at_trx_commit; SET \(setting) = 1; FLUSH ENGINE LOGS; \
      SET \(setting) = @stillpoint
      """, limit: holdLimit)
    while try await logPosition("Innodb_lsn_flushed") < end {
      guard LinuxKernel.timeSinceBoot() < deadline else {
        throw Refusal(
          .busy, "\(member) did not flush its log in time",
          hint: "innodb_flush_log_at_trx_commit = 1 makes every commit durable, and the hold short")
      }
      await onDedicatedThread(limit: .milliseconds(5)) { pause(.milliseconds(5)) }
    }
  }

  private func logPosition(_ name: String) async throws(Refusal) -> UInt64 {
    let rows = try await session.rows("SHOW GLOBAL STATUS LIKE '\(name)'", limit: holdLimit)
    guard let text = rows.first?.last, let position = UInt64(text) else {
      throw Refusal(.failed, "`\(name)` of \(member) had an unexpected form: \(rows)")
    }
    return position
  }

  /// The session that holds the lock, proof that it still does, and the last committed transaction.
  func token() async throws(Refusal) -> StateToken {
    let limit = Duration.seconds(1)
    guard
      case .failure(let error) = try await session.answer(
        "BACKUP STAGE BLOCK_COMMIT", limit: limit), error.number == Self.stageInForce
    else {
      throw Refusal(.failed, "commits of \(member) were not blocked any more")
    }
    return StateToken(
      quiescer: readiness.quiescer, values: try await position(limit: limit))
  }

  func position(limit: Duration) async throws(Refusal) -> [String: String] {
    let rows = try await session.rows(
      "SELECT CONNECTION_ID(), @@gtid_current_pos, @@gtid_binlog_pos", limit: limit)
    guard let row = rows.first, row.count == 3 else {
      throw Refusal(.failed, "position of \(member) had an unexpected form: \(rows)")
    }
    var values = ["session": row[0], "gtid_current_pos": row[1], "gtid_binlog_pos": row[2]]
    if hasBinaryLog {
      let status = try await session.rows("SHOW MASTER STATUS", limit: limit)
      if let row = status.first, row.count > 1 { values["binlog"] = "\(row[0]):\(row[1])" }
    }
    return values
  }

  func release() async -> ReleaseFinding {
    let before = state.withLock { state in
      defer { state = .released }
      return state
    }
    switch before {
    case .ready, .released:
      return ReleaseFinding(endedThisHold: false, finding: "\(member) was not held")
    case .holding:
      // A client that waits for a lock reads no further command: only its end ends the wait.
      session.session.kill()
      return ReleaseFinding(
        endedThisHold: false, finding: "\(member) was not held yet; its session was ended")
    case .held:
      return await runUncancelled { [self] in await endStage() }
    }
  }

  private func endStage() async -> ReleaseFinding {
    do {
      switch try await session.answer("BACKUP STAGE END", limit: .milliseconds(900)) {
      case .success: return ReleaseFinding(endedThisHold: true)
      case .failure(let error):
        session.session.kill()
        return ReleaseFinding(
          endedThisHold: false,
          finding: "commits of \(member) were not blocked any more: \(error.text)")
      }
    } catch {
      session.session.kill()
      return ReleaseFinding(
        endedThisHold: false,
        finding: "the session that held \(member) did not last: \(error.message)")
    }
  }

  func discard() async {
    await runUncancelled { [session] in await session.session.end() }
  }
}
