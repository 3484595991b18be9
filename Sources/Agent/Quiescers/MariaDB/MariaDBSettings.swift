internal import CutProtocol
internal import Model

/// The settings of a server that decide what its hold is worth.
struct MariaDBSettings: Sendable {
  var directories: [(what: String, path: String)]
  var hasBinaryLog: Bool
  var flushMethod: String
  var isReplica: Bool
  /// `innodb_flush_log_at_trx_commit`: 1 makes a commit durable before it is acknowledged, 2 leaves it to the operating
  /// system, 0 in the server's memory for about a second.
  var flushAtCommit: String
  var syncBinaryLog: String
  /// User tables of other engines than InnoDB, which acknowledge what only the operating system keeps.
  var otherTableCount: Int

  init(_ session: MariaDBSession, limit: Duration) async throws(Refusal) {
    let rows = try await session.rows(
      """
      SELECT @@datadir, @@log_bin, @@innodb_flush_method, IFNULL(@@innodb_data_home_dir, ''), \
      IFNULL(@@innodb_log_group_home_dir, ''), IFNULL(@@innodb_undo_directory, ''), \
      IFNULL(@@log_bin_basename, ''), @@innodb_flush_log_at_trx_commit, @@sync_binlog
      """, limit: limit)
    guard let row = rows.first, row.count == 9 else {
      throw Refusal(.failed, "settings of \(session.member) had an unexpected form: \(rows)")
    }
    let home = row[0]
    func absolute(_ path: String) -> String {
      path.isEmpty || path == "." || path == "./" ? home : path.hasPrefix("/") ? path : home + path
    }
    directories = [
      ("data directory", home), ("InnoDB data directory", absolute(row[3])),
      ("InnoDB log directory", absolute(row[4])), ("InnoDB undo directory", absolute(row[5])),
    ]
    hasBinaryLog = row[1] == "1"
    if hasBinaryLog, let slash = row[6].lastIndex(of: "/") {
      directories.append(("binary log directory", String(row[6][...slash])))
    }
    flushMethod = row[2]
    flushAtCommit = row[7]
    syncBinaryLog = row[8]
    // A user without the right to ask is told nothing; a replica is then found by nobody, so it must not be assumed away.
    isReplica = try await !session.rows("SHOW ALL SLAVES STATUS", limit: limit).isEmpty
    let tables = try await session.rows(
      """
      SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' \
      AND ENGINE <> 'InnoDB' AND TABLE_SCHEMA NOT IN \
      ('mysql', 'information_schema', 'performance_schema', 'sys')
      """, limit: limit)
    // Zero would vouch for tables that nobody has counted.
    guard let count = tables.first?.first.flatMap({ Int($0) }) else {
      throw Refusal(
        .failed, "the count of tables of \(session.member) had an unexpected form: \(tables)")
    }
    otherTableCount = count
  }

  /// The server itself leaves what it acknowledged to the operating system, so the hold must flush the filesystem.
  var leavesToSystem: Bool {
    otherTableCount > 0 || flushAtCommit != "1" || (hasBinaryLog && syncBinaryLog != "1")
  }

  /// The server acknowledges what is only in its memory, so the hold must wait until its own flush has come by.
  var leavesInMemory: Bool { flushAtCommit == "0" }

  /// `BLOCK_COMMIT` stops every commit, and every write to tables without transactions; the hold then makes durable
  /// what the settings had left for later.
  var fidelity: Fidelity {
    var missing: [String] = []
    if flushMethod.lowercased() == "nosync" { missing.append("F2: innodb_flush_method is nosync") }
    if isReplica {
      missing.append("F2: the server is a replica, which lacks what its primary has not sent yet")
    }
    return Fidelity(
      durableStateConstant: true, acknowledgedIsDurable: missing.isEmpty, nothingAcknowledged: true,
      reasons: missing)
  }
}
