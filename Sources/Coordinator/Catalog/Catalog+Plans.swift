package import CoordinatorCore
internal import GRDB
package import Model

extension Catalog: PlanStore {
  package func save(_ plan: BackupPlan, source: String, by author: String, at time: Timestamp)
    async throws(CatalogError) -> PlanRecord
  {
    try await decide("storing plan \(plan.name)") { db in
      if let current = try db.plan(plan.name), current.plan == plan { return current }
      try db.run(
        """
        INSERT INTO plan_revision (name, revision, content, source, applied_at, applied_by)
        SELECT :name, 1 + ifnull(max(revision), 0), :content, :source, :time, :author
        FROM plan_revision WHERE name = :name
        """,
        [
          "name": plan.name.text, "content": try Stored.json(plan), "source": source,
          "time": time.nanoseconds, "author": author,
        ])
      try db.run(
        """
        INSERT INTO plan (name, revision)
        SELECT name, max(revision) FROM plan_revision WHERE name = :name
        ON CONFLICT (name) DO UPDATE SET revision = excluded.revision
        """, ["name": plan.name.text])
      guard let stored = try db.plan(plan.name) else {
        throw CatalogError(.storage, "plan \(plan.name) was stored and is not there")
      }
      return stored
    }
  }

  package func plan(_ name: PlanName) async throws(CatalogError) -> PlanRecord? {
    try await look("reading plan \(name)") { try $0.plan(name) }
  }

  package func plans() async throws(CatalogError) -> [PlanRecord] {
    try await look("listing the plans") { db in
      try db.rows("SELECT * FROM plan NATURAL JOIN plan_revision ORDER BY name")
        .map { try PlanRecord($0) }
    }
  }

  package func deletePlan(_ name: PlanName) async throws(CatalogError) {
    try await decide("deleting plan \(name)") { db in
      try db.run("DELETE FROM plan WHERE name = ?", [name.text])
      guard db.changesCount == 1 else {
        throw CatalogError(.notFound, "there is no plan \(name)")
      }
    }
  }
}

extension Database {
  fileprivate func plan(_ name: PlanName) throws -> PlanRecord? {
    try row("SELECT * FROM plan NATURAL JOIN plan_revision WHERE name = ?", [name.text])
      .map { try PlanRecord($0) }
  }
}

extension PlanRecord {
  fileprivate init(_ row: Row) throws {
    self.init(
      plan: try Stored.value(BackupPlan.self, row["content"]), source: row["source"],
      revision: row["revision"], appliedAt: row.time("applied_at"), appliedBy: row["applied_by"])
  }
}
