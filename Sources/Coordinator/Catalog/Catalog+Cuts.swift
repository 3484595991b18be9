package import CoordinatorCore
package import CutProtocol
internal import Foundation
internal import GRDB
package import Model

extension Catalog: CutStore {
  package func create(_ plan: SealedPlan, by author: String) async throws(CatalogError) {
    let purpose = "storing the plan of backup \(plan.plan.backup)"
    try await decide(purpose) { db in
      try self.requireOwnEpoch(db, for: purpose)
      try db.create(plan, by: author)
    }
  }

  package func begin(_ fence: Fence, of backup: BackupID, group: Int, members: [ServiceName])
    async throws(CatalogError)
  {
    try await decide("storing attempt \(fence) of backup \(backup)") { db in
      let purpose = "attempt \(fence) of backup \(backup)"
      try db.requireCurrent(fence.epoch, for: purpose)
      let key = try FenceKey(fence)
      guard
        let row = try db.row("SELECT sealed, verdict FROM backup WHERE id = ?", [backup.text])
      else { throw CatalogError(.notFound, "\(purpose) refused: there is no such backup") }
      guard row["verdict"] as String? == nil else {
        throw CatalogError(.conflict, "\(purpose) refused: the backup has its outcome already")
      }
      let plan = try SealedPlan(bytes: row["sealed"]).plan
      if try db.isBegun(key, backup, group, members) { return }
      guard !members.isEmpty, Set(members).count == members.count else {
        throw CatalogError(.conflict, "\(purpose) refused: it needs members, each once")
      }
      try db.run(
        "INSERT INTO attempt (epoch, cut, attempt, part, backup) VALUES (?, ?, ?, ?, ?)",
        [key.epoch, key.cut, key.attempt, group, backup.text])
      // What an earlier attempt left behind is being deleted: recovery must not take it for this group's cut. A
      // member whose snapshots are still there says so again when it is asked.
      try db.run(
        """
        UPDATE attempt_member SET certificate = NULL
        WHERE (epoch, cut, attempt) IN (
          SELECT epoch, cut, attempt FROM attempt WHERE backup = ? AND part = ?)
        """, [backup.text, group])
      for member in members {
        guard let planned = plan.member(member), planned.group == group else {
          throw CatalogError(
            .conflict, "\(purpose) refused: \(member) is no member of its group \(group)")
        }
        try db.run(
          """
          INSERT INTO attempt_member (epoch, cut, attempt, part, member, node)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
          [key.epoch, key.cut, key.attempt, group, member.text, planned.node.text])
      }
    }
  }

  package func keep(_ certificate: HoldCertificate, fence: Fence, member: ServiceName)
    async throws(CatalogError)
  {
    try await decide("keeping the certificate of \(member) in attempt \(fence)") { db in
      let key = try FenceKey(fence)
      guard let row = try db.attemptMember(key, member) else {
        throw CatalogError(.notFound, "attempt \(fence) has no member \(member)")
      }
      if let kept = row["certificate"] as Int64? {
        // Signing again gives other bytes for the same statement, which prove the same.
        guard try db.certificate(kept)?.statement == certificate.statement else {
          throw CatalogError(
            .conflict, "\(member) has another certificate for attempt \(fence) already")
        }
        return
      }
      let id = try db.insert(certificate, backup: row["backup"])
      try db.run(
        """
        UPDATE attempt_member SET certificate = ?
        WHERE epoch = ? AND cut = ? AND attempt = ? AND member = ?
        """, [id, key.epoch, key.cut, key.attempt, member.text])
    }
  }

  package func commit(_ outcome: CutOutcome, epoch: UInt64) async throws(CatalogError) {
    let id = outcome.backup
    try await decide("committing backup \(id)") { db in
      try db.requireCurrent(epoch, for: "committing backup \(id)")
      guard let row = try db.row("SELECT verdict FROM backup WHERE id = ?", [id.text]) else {
        throw CatalogError(.notFound, "there is no backup \(id)")
      }
      guard row["verdict"] as String? == nil else {
        throw CatalogError(.conflict, "backup \(id) has its outcome already")
      }
      for (position, group) in outcome.groups.enumerated() {
        try db.insert(group, at: position, of: id)
      }
      // The conditions once more in the statement itself: what decides is what is stored.
      try db.run(
        """
        UPDATE backup SET grade = ?, verdict = ?, ended_at = ?
        WHERE id = ? AND verdict IS NULL AND (SELECT current FROM epoch) = ?
        """,
        [
          outcome.verdict.grade.place, try Stored.json(outcome.verdict),
          outcome.endedAt.nanoseconds, id.text, try Stored.integer(epoch, "epoch"),
        ])
      guard db.changesCount == 1 else {
        throw CatalogError(.conflict, "backup \(id) was committed by somebody else")
      }
    }
  }

  package func close(_ fence: Fence, member: ServiceName) async throws(CatalogError) {
    try await decide("closing \(member) in attempt \(fence)") { db in
      let key = try FenceKey(fence)
      try db.run(
        """
        UPDATE attempt_member SET closed = 1
        WHERE epoch = ? AND cut = ? AND attempt = ? AND member = ?
        """, [key.epoch, key.cut, key.attempt, member.text])
      guard db.changesCount == 1 else {
        throw CatalogError(.notFound, "attempt \(fence) has no member \(member)")
      }
    }
  }

  package func unfinished() async throws(CatalogError) -> UnfinishedWork {
    try await look("listing unfinished cuts") { db in
      let cuts = try db.rows(
        """
        SELECT sealed, EXISTS (SELECT 1 FROM attempt WHERE attempt.backup = backup.id) AS begun
        FROM backup WHERE verdict IS NULL ORDER BY number
        """
      ).map { (isBegun: $0["begun"] as Bool, plan: try SealedPlan(bytes: $0["sealed"])) }
      let members = try db.rows(
        """
        SELECT attempt_member.*, attempt.backup, EXISTS (
          SELECT 1 FROM evidence_group AS evidence
          WHERE evidence.backup = attempt.backup AND evidence.part = attempt.part
            AND evidence.epoch = attempt.epoch AND evidence.cut = attempt.cut
            AND evidence.attempt = attempt.attempt) AS committed
        FROM attempt_member NATURAL JOIN attempt
        WHERE closed = 0 ORDER BY epoch, cut, attempt, member
        """)
      return UnfinishedWork(
        begun: cuts.filter(\.isBegun).map(\.plan),
        notBegun: cuts.filter { !$0.isBegun }.map(\.plan),
        members: try members.map { try db.openMember($0) })
    }
  }
}

/// A fence in SQLite's signed integers.
struct FenceKey {
  var epoch: Int64
  var cut: Int64
  var attempt: Int64

  init(_ fence: Fence) throws(CatalogError) {
    epoch = try Stored.integer(fence.epoch, "epoch")
    cut = try Stored.integer(fence.cut, "cut")
    attempt = Int64(fence.attempt)
  }
}

extension Fence {
  init(_ row: Row) {
    self.init(epoch: row.counter("epoch"), cut: row.counter("cut"), attempt: row["attempt"])
  }
}

extension Grade {
  /// Its place in the order, 0 proving least.
  var place: Int { Grade.allCases.count { $0 < self } }
}

extension Database {
  /// Whether the very same attempt is there already.
  fileprivate func isBegun(
    _ key: FenceKey, _ backup: BackupID, _ group: Int, _ members: [ServiceName]
  ) throws -> Bool {
    guard
      let attempt = try row(
        "SELECT backup FROM attempt WHERE epoch = ? AND cut = ? AND attempt = ? AND part = ?",
        [key.epoch, key.cut, key.attempt, group])
    else { return false }
    let stored = try rows(
      """
      SELECT member FROM attempt_member
      WHERE epoch = ? AND cut = ? AND attempt = ? AND part = ?
      """, [key.epoch, key.cut, key.attempt, group]
    ).map { $0["member"] as String }
    guard attempt["backup"] == backup.text, Set(stored) == Set(members.map(\.text)) else {
      throw CatalogError(
        .conflict,
        "attempt \(key.epoch).\(key.cut).\(key.attempt) exists with another backup or other members"
      )
    }
    return true
  }

  fileprivate func attemptMember(_ key: FenceKey, _ member: ServiceName) throws -> Row? {
    try row(
      """
      SELECT certificate, backup FROM attempt_member NATURAL JOIN attempt
      WHERE epoch = ? AND cut = ? AND attempt = ? AND member = ?
      """, [key.epoch, key.cut, key.attempt, member.text])
  }

  fileprivate func openMember(_ row: Row) throws -> UnfinishedWork.OpenMember {
    UnfinishedWork.OpenMember(
      backup: try BackupID(row["backup"] as String), fence: Fence(row), group: row["part"],
      member: try ServiceName(row["member"] as String), node: try NodeID(row["node"] as String),
      committed: row["committed"],
      certificate: try (row["certificate"] as Int64?).flatMap { try certificate($0) })
  }
}

extension Database {
  func create(_ plan: SealedPlan, by author: String) throws {
    let id = plan.plan.backup
    if let stored = try row("SELECT sealed FROM backup WHERE id = ?", [id.text]) {
      guard stored["sealed"] as Data == plan.bytes else {
        throw CatalogError(.conflict, "backup \(id) exists with another plan")
      }
      return
    }
    try run(
      "INSERT INTO backup (id, plan, sealed, created_by, created_at) VALUES (?, ?, ?, ?, ?)",
      [id.text, plan.plan.plan.text, plan.bytes, author, plan.plan.createdAt.nanoseconds])
  }
}
