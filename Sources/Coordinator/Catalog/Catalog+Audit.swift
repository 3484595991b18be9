package import CoordinatorCore
internal import GRDB
internal import Model

extension Catalog: AuditStore {
  package func audit(_ entry: AuditEntry) async throws(CatalogError) {
    try await decide("recording \(entry.action) by \(entry.actor)") { db in
      try db.run(
        "INSERT INTO audit (time, actor, action, object, detail) VALUES (?, ?, ?, ?, ?)",
        [entry.time.nanoseconds, entry.actor, entry.action, entry.object, entry.detail])
    }
  }

  package func auditEntries(limit: Int) async throws(CatalogError) -> [AuditEntry] {
    try await look("listing the audit entries") { db in
      try db.rows("SELECT * FROM audit ORDER BY id DESC LIMIT ?", [max(0, limit)]).map { row in
        AuditEntry(
          time: row.time("time"), actor: row["actor"], action: row["action"],
          object: row["object"], detail: row["detail"])
      }
    }
  }
}
