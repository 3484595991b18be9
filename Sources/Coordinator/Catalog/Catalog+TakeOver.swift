package import CoordinatorCore
internal import CutProtocol
internal import GRDB
internal import Model

extension Catalog {
  package func takeOver(_ backup: BackupRecord) async throws(CatalogError) {
    let id = backup.plan.plan.backup
    try await decide("taking over backup \(id)") { db in
      guard let verdict = backup.verdict, let endedAt = backup.endedAt else {
        throw CatalogError(.conflict, "backup \(id) has not ended")
      }
      if let stored = try db.row("SELECT * FROM backup WHERE id = ?", [id.text]) {
        let known = try db.backup(stored)
        guard known.plan == backup.plan, known.groups == backup.groups, known.verdict == verdict
        else { throw CatalogError(.conflict, "backup \(id) exists with another content") }
        return
      }
      try db.run(
        """
        INSERT INTO backup (
          id, plan, sealed, created_by, created_at, grade, verdict, ended_at, taken_over)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
        """,
        [
          id.text, backup.plan.plan.plan.text, backup.plan.bytes, backup.createdBy,
          backup.plan.plan.createdAt.nanoseconds, verdict.grade.place, try Stored.json(verdict),
          endedAt.nanoseconds,
        ])
      for (position, group) in backup.groups.enumerated() {
        let key = try FenceKey(group.fence)
        try db.run(
          "INSERT INTO attempt (epoch, cut, attempt, part, backup) VALUES (?, ?, ?, ?, ?)",
          [key.epoch, key.cut, key.attempt, group.group, id.text])
        try db.insert(group, at: position, of: id)
        // Open until their agents have answered: the coordinator that was lost may not have settled all of them.
        let leftOut = Set(group.leftOut.map(\.member))
        for member in backup.plan.plan.members
        where member.group == group.group && !leftOut.contains(member.name) {
          try db.run(
            """
            INSERT INTO attempt_member (epoch, cut, attempt, part, member, node)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
              key.epoch, key.cut, key.attempt, group.group, member.name.text, member.node.text,
            ])
        }
      }
    }
  }
}
