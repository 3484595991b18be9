package import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import GRDB
package import Model

extension Catalog: BackupStore {
  package func backups(of plan: PlanName?, limit: Int) async throws(CatalogError)
    -> [BackupRecord]
  {
    try await look("listing the backups") { db in
      let rows =
        if let plan {
          try db.rows(
            "SELECT * FROM backup WHERE plan = ? ORDER BY created_at DESC, number DESC LIMIT ?",
            [plan.text, max(0, limit)])
        } else {
          try db.rows(
            "SELECT * FROM backup ORDER BY created_at DESC, number DESC LIMIT ?", [max(0, limit)])
        }
      return try rows.map { try db.backup($0) }
    }
  }

  package func backup(_ id: BackupID) async throws(CatalogError) -> BackupRecord? {
    try await look("reading backup \(id)") { db in
      try db.row("SELECT * FROM backup WHERE id = ?", [id.text]).map { try db.backup($0) }
    }
  }

  package func ended() async throws(CatalogError) -> [BackupID] {
    try await look("listing what has ended") { db in
      try db.rows(
        "SELECT id FROM backup WHERE verdict IS NOT NULL AND deletion_began IS NULL ORDER BY number"
      ).map { try BackupID($0["id"] as String) }
    }
  }

  package func log(_ entry: BackupLogEntry, of backup: BackupID) async throws(CatalogError) {
    try await log([entry], of: backup)
  }

  package func log(_ entries: [BackupLogEntry], of backup: BackupID) async throws(CatalogError) {
    try await decide("adding to the log of backup \(backup)") { db in
      try db.requireBackup(backup)
      for entry in entries {
        try db.run(
          "INSERT INTO backup_log (backup, time, member, text) VALUES (?, ?, ?, ?)",
          [backup.text, entry.time.nanoseconds, entry.member?.text, entry.text])
      }
    }
  }

  package func logs(of backup: BackupID) async throws(CatalogError) -> [BackupLogEntry] {
    try await look("reading the log of backup \(backup)") { db in
      try db.requireBackup(backup)
      return try db.rows("SELECT * FROM backup_log WHERE backup = ? ORDER BY id", [backup.text])
        .map { row in
          BackupLogEntry(
            time: row.time("time"),
            member: try (row["member"] as String?).map { try ServiceName($0) }, text: row["text"])
        }
    }
  }

  package func beginDeletion(_ id: BackupID, at time: Timestamp) async throws(CatalogError) {
    try await decide("deleting backup \(id)") { db in
      let row = try db.requireBackup(id)
      guard row["verdict"] as String? != nil else {
        throw CatalogError(.conflict, "backup \(id) is still being made")
      }
      let isRestored = try db.holds(
        "SELECT EXISTS (SELECT 1 FROM restore WHERE backup = ? AND running = 1)", [id.text])
      guard !isRestored else {
        throw CatalogError(.conflict, "backup \(id) is being restored")
      }
      try db.run(
        "UPDATE backup SET deletion_began = ifnull(deletion_began, ?) WHERE id = ?",
        [time.nanoseconds, id.text])
    }
  }

  /// Refused while an agent may still have something of one of its attempts.
  package func finishDeletion(_ id: BackupID) async throws(CatalogError) {
    try await decide("deleting backup \(id)") { db in
      let row = try db.requireBackup(id)
      guard row.optionalTime("deletion_began") != nil else {
        throw CatalogError(.conflict, "the deletion of backup \(id) has not begun")
      }
      let open = try db.row(
        """
        SELECT member, node FROM attempt_member NATURAL JOIN attempt
        WHERE backup = ? AND closed = 0 LIMIT 1
        """, [id.text])
      if let open {
        throw CatalogError(
          .conflict,
          "backup \(id) cannot be deleted yet: \(open["member"] as String) on node \(open["node"] as String) has not been cleaned up"
        )
      }
      // In this order: evidence refers to attempts and certificates, attempts to certificates.
      for table in [
        "evidence_group", "attempt", "certificate", "backup_log", "backup_manifest",
      ] {
        try db.execute(sql: "DELETE FROM \(table) WHERE backup = ?", arguments: [id.text])
      }
      try db.run("DELETE FROM backup WHERE id = ?", [id.text])
    }
  }
}

extension Database {
  @discardableResult
  fileprivate func requireBackup(_ id: BackupID) throws -> Row {
    guard
      let row = try row("SELECT verdict, deletion_began FROM backup WHERE id = ?", [id.text])
    else { throw CatalogError(.notFound, "there is no backup \(id)") }
    return row
  }

  func backup(_ row: Row) throws -> BackupRecord {
    let id: String = row["id"]
    // Groups have attempts of their own; the one that needed most tells how hard it was.
    let attempts = try self.row(
      """
      SELECT ifnull(max(count), 0) AS attempts
      FROM (SELECT count(*) AS count FROM attempt WHERE backup = ? GROUP BY part)
      """, [id])
    return BackupRecord(
      plan: try SealedPlan(bytes: row["sealed"]), createdBy: row["created_by"],
      verdict: try (row["verdict"] as String?).map { try Stored.value(Verdict.self, $0) },
      groups: try evidence(of: id), endedAt: row.optionalTime("ended_at"),
      deletionBegan: row.optionalTime("deletion_began"), attempts: attempts?["attempts"] ?? 0,
      manifests: try manifestSummary(of: id))
  }
}
