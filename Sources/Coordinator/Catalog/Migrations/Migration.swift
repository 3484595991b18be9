internal import GRDB

/// One step of the catalog's layout. Steps are only ever appended, and one that was released never changes.
struct Migration {
  var sql: String

  /// In the order in which they are applied; the file's `user_version` counts those that were.
  static let all: [Migration] = [
    .fleet, .placements, .plans, .backups, .records, .operators,
    .requests, .workloads, .manifests, .takenOver, .services,
  ]

  static var newest: Int32 { Int32(all.count) }

  /// Applies what is missing in one transaction.
  static func apply(to db: Database) throws {
    try db.inTransaction(.immediate) {
      let version = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
      for migration in all.dropFirst(Int(version)) {
        try db.execute(sql: migration.sql)
      }
      if version < newest { try db.execute(sql: "PRAGMA user_version = \(newest)") }
      return .commit
    }
  }
}
