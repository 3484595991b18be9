internal import CutProtocol
internal import LinuxSystem
internal import Model

/// A held `psql`.
struct PostgreSQLSession: Sendable {
  let session: ClientSession
  let member: ServiceName

  /// Separates the columns of an answer; no setting or path contains it.
  private static let separator: Character = "\u{1f}"

  /// Starts the client; it connects while it starts. Blocks its thread.
  init(entry: ContainerEntry, hold: PostgreSQLHold) throws(Refusal) {
    member = entry.member
    let psql = try entry.program(["psql"])
    var command = [
      psql, "-X", "-A", "-t", "-q", "-w", "-F", "\(Self.separator)", "-p", "\(hold.port)", "-U",
      hold.user, "-d", hold.database,
    ]
    if let directory = hold.socketDirectory { command += ["-h", directory] }
    do {
      session = try ClientSession(
        entry: entry, command: command,
        environment: ["PGAPPNAME=stillpoint", "PGCONNECT_TIMEOUT=5", "PSQL_HISTORY=/dev/null"],
        markerCommand: { "\\echo :SQLSTATE\n\\echo \($0)" })
    } catch {
      throw .because(error, entry.member, "psql")
    }
  }

  /// The rows of one statement.
  func rows(_ statement: String, limit: Duration) async throws(Refusal) -> [[String]] {
    let tried = "`\(statement)`"
    let lines: [String]
    do {
      lines = try await session.ask(statement + ";", limit: limit)
    } catch {
      throw .because(error, member, tried, hint: hint(error))
    }
    return try Self.rows(of: lines, tried, member)
  }

  /// What the client's lines say; the last one is the state.
  static func rows(of lines: [String], _ tried: String, _ member: ServiceName) throws(Refusal)
    -> [[String]]
  {
    var lines = lines
    let state = lines.popLast() ?? ""
    guard state == "00000" else {
      let reason = lines.isEmpty ? "SQLSTATE \(state)" : lines.joined(separator: " ")
      // 42501 insufficient_privilege, 42883 undefined_function; classes of the PostgreSQL manual, appendix A.
      let cannotPass = state == "42501" || state.hasPrefix("42")
      throw Refusal(
        cannotPass ? .hazard : .failed, "\(tried) of \(member) failed: \(reason)",
        hint: state == "42501"
          ? "use a superuser, or a role with pg_checkpoint and pg_monitor" : nil)
    }
    return lines.map {
      $0.split(separator: Self.separator, omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Sends a statement that is answered once the server runs; `posedRow` waits for that. Blocks its thread.
  func pose(_ statement: String, limit: Duration) throws(Refusal) {
    do { try session.pose(statement + ";", limit: limit) } catch {
      throw .because(error, member, "`\(statement)`", hint: hint(error))
    }
  }

  /// The one row of what was posed; nil when nothing was.
  func posedRow(columns: Int, limit: Duration) async throws(Refusal) -> [String]? {
    let tried = "the question at the end of the pause"
    let lines: [String]?
    do { lines = try await session.posedAnswer(limit: limit) } catch {
      throw .because(error, member, tried)
    }
    guard let lines else { return nil }
    let rows = try Self.rows(of: lines, tried, member)
    guard let row = rows.first, rows.count == 1, row.count == columns else {
      throw Refusal(.failed, "\(tried) of \(member) had an unexpected answer: \(rows)")
    }
    return row
  }

  /// The one row of a statement that has exactly `columns` columns.
  func row(_ statement: String, columns: Int, limit: Duration) async throws(Refusal) -> [String] {
    let rows = try await rows(statement, limit: limit)
    guard let row = rows.first, rows.count == 1, row.count == columns else {
      throw Refusal(.failed, "`\(statement)` of \(member) had an unexpected answer: \(rows)")
    }
    return row
  }

  /// Makes durable whatever the server has in its log: a commit of our own waits for the disk, and with it for all that
  /// came before. Returns where the log had been before it.
  ///
  /// The session's `synchronous_commit` must be `local`: nothing here waits for another server.
  func flush(limit: Duration) async throws(Refusal) -> UnwrittenCommits.Origin {
    let row = try await row(
      """
      SELECT b.position, pg_walfile_name(b.position), txid_current(), \
      pg_logical_emit_message(true, 'stillpoint', '') \
      FROM (SELECT pg_current_wal_insert_lsn() AS position OFFSET 0) AS b
      """, columns: 4, limit: limit)
    guard let position = LogPosition(row[0]), let timeline = UInt32(row[1].prefix(8), radix: 16),
      let transaction = UInt64(row[2])
    else { throw Refusal(.failed, "flush of \(member) had an unexpected answer: \(row)") }
    return UnwrittenCommits.Origin(
      position: position, transaction: transaction, timeline: timeline)
  }

  private func hint(_ failure: ClientSession.Failure) -> String? {
    guard case .ended = failure else { return nil }
    return
      "set the hold's user, database, socketDirectory and port as psql inside the container needs them"
  }
}
