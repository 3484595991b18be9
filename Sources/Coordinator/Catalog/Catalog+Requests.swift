package import CoordinatorCore
package import CutProtocol
internal import GRDB
package import Model

extension Catalog: BackupRequestStore {
  package func create(_ plan: SealedPlan, by author: String, for request: RequestID)
    async throws(CatalogError)
  {
    let id = plan.plan.backup
    let purpose = "storing the plan of backup \(id) for request \(request)"
    try await decide(purpose) { db in
      try self.requireOwnEpoch(db, for: purpose)
      if let answer = try db.answer(to: request) {
        throw CatalogError(.conflict, "request \(request) was answered by backup \(answer)")
      }
      try db.create(plan, by: author)
      try db.run(
        "INSERT INTO backup_request (request, backup) VALUES (?, ?)", [request.text, id.text])
    }
  }

  package func backup(for request: RequestID) async throws(CatalogError) -> BackupID? {
    try await look("reading the answer to request \(request)") { try $0.answer(to: request) }
  }

  package func release(_ backup: BackupID) async throws(CatalogError) {
    try await decide("releasing backup \(backup)") { db in
      try db.run(
        """
        INSERT INTO backup_released (backup) SELECT id FROM backup WHERE id = ?
        ON CONFLICT (backup) DO NOTHING
        """, [backup.text])
    }
  }

  package func released() async throws(CatalogError) -> Set<BackupID> {
    try await look("listing the released backups") { db in
      Set(
        try db.rows("SELECT backup FROM backup_released")
          .map { BackupID(accepted: $0["backup"] as String) })
    }
  }
}

extension Database {
  fileprivate func answer(to request: RequestID) throws -> BackupID? {
    try row("SELECT backup FROM backup_request WHERE request = ?", [request.text])
      .map { BackupID(accepted: $0["backup"] as String) }
  }
}
