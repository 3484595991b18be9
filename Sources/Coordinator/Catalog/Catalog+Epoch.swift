package import CoordinatorCore
internal import GRDB
internal import Synchronization

extension Catalog: EpochStore {
  package func beginEpoch() async throws(CatalogError) -> UInt64 {
    try await decide(
      "beginning an epoch", afterwards: { epoch in self.begun.withLock { $0 = epoch } }
    ) { db in
      try db.run("UPDATE epoch SET current = current + 1")
      return try db.epoch()
    }
  }

  package func raiseEpoch(above epoch: UInt64) async throws(CatalogError) -> UInt64 {
    try await decide(
      "raising the epoch above \(epoch)",
      afterwards: { raised in self.begun.withLock { $0 = raised } }
    ) { db in
      // The fence may be of the one that came after: going above that would end its holds.
      try self.requireOwnEpoch(db, for: "an epoch above \(epoch)")
      let known = try Stored.integer(epoch, "epoch")
      guard known < .max else {
        throw CatalogError(.conflict, "no epoch is above \(epoch)")
      }
      try db.run("UPDATE epoch SET current = ? WHERE current < ?", [known + 1, known + 1])
      return try db.epoch()
    }
  }

  /// Refuses what is asked for here once another coordinator has begun an epoch.
  func requireOwnEpoch(_ db: Database, for purpose: String) throws {
    guard let own = begun.withLock({ $0 }) else { return }
    try db.requireCurrent(own, for: purpose)
  }
}

extension Database {
  func epoch() throws -> UInt64 {
    guard let row = try row("SELECT current FROM epoch") else {
      throw CatalogError(.unusable, "the catalog has lost its epoch")
    }
    return row.counter("current")
  }

  /// Refuses what another coordinator, or this one in an earlier life, decided.
  func requireCurrent(_ epoch: UInt64, for purpose: String) throws {
    let current = try self.epoch()
    guard epoch == current else {
      throw CatalogError(
        .conflict, "\(purpose) refused: epoch \(epoch) is not the current epoch \(current)")
    }
  }
}
