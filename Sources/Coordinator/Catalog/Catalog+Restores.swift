package import CoordinatorCore
internal import CutProtocol
internal import GRDB
package import Model

extension Catalog: RestoreStore {
  package func saveRestore(_ record: RestoreRecord) async throws(CatalogError) {
    try await decide("storing restore \(record.id)") { db in
      let isNew = try !db.holds(
        "SELECT EXISTS (SELECT 1 FROM restore WHERE id = ?)", [record.id.text])
      if isNew { try db.requireRestorable(record.backup) }
      try db.run(
        """
        INSERT INTO restore (id, backup, running, record) VALUES (:id, :backup, :running, :record)
        ON CONFLICT (id) DO UPDATE SET backup = :backup, running = :running, record = :record
        """,
        [
          "id": record.id.text, "backup": record.backup.text,
          "running": record.state == .running, "record": try Stored.json(record),
        ])
    }
  }

  /// Newest first.
  package func restores() async throws(CatalogError) -> [RestoreRecord] {
    try await look("listing the restores") { db in
      try db.rows("SELECT record FROM restore ORDER BY number DESC")
        .map { try Stored.value(RestoreRecord.self, $0["record"]) }
    }
  }

  package func restore(_ id: RestoreID) async throws(CatalogError) -> RestoreRecord? {
    try await look("reading restore \(id)") { db in
      try db.row("SELECT record FROM restore WHERE id = ?", [id.text])
        .map { try Stored.value(RestoreRecord.self, $0["record"]) }
    }
  }
}

extension Database {
  fileprivate func requireRestorable(_ backup: BackupID) throws {
    guard let row = try row("SELECT deletion_began FROM backup WHERE id = ?", [backup.text]) else {
      throw CatalogError(.notFound, "there is no backup \(backup)")
    }
    guard row.optionalTime("deletion_began") == nil else {
      throw CatalogError(.conflict, "backup \(backup) is being deleted")
    }
  }
}
