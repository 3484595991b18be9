package import CoordinatorCore
internal import Foundation
internal import GRDB
internal import Model
internal import Synchronization

/// The coordinator's memory: nodes, placements, plans, cuts, evidence and audit, in one SQLite file.
///
/// Every change is one transaction, fsynced before the call returns (write-ahead log, `synchronous = FULL`), and runs
/// to its end even when the caller's task is cancelled. Changes happen one at a time in the order of their calls;
/// readers never wait for them and see whole transactions only. No call blocks the caller's thread.
package final class Catalog: Sendable {
  /// Where the file is.
  package let path: String
  let pool: DatabasePool
  /// Asked for every message, so kept in memory; changes on the writer's queue, after the change is durable.
  let revoked: Mutex<Set<NodeID>>
  /// The same for operators, with the time up to which their certificates are refused.
  let revokedOperators: Mutex<[OperatorName: Timestamp]>
  /// The epoch that was begun or reached here; nil before. It changes on the writer's queue as well.
  let begun = Mutex<UInt64?>(nil)
  private let isRetired = Mutex(false)
  private let lock: CatalogLock

  /// Opens the catalog at `path`, or makes one when there is nothing at all.
  ///
  /// Blocks the calling thread while it checks the file, about one second per gigabyte. Throws `unusable`, with the
  /// file left as it was, when it is damaged, of a newer version or not a catalog; `conflict` when another process
  /// has it open; `full` or `storage` when the disk does not let it be opened.
  package init(path: String) throws(CatalogError) {
    let file = CatalogFile(path: path)
    let lock = try CatalogLock(path: file.lockPath, of: path)
    do {
      try file.prepare()
      self.pool = try Self.pool(at: path)
      self.revoked = Mutex(
        try pool.read { db in
          try Set(
            String.fetchAll(db, sql: "SELECT id FROM node WHERE revoked_at IS NOT NULL")
              .map { try NodeID($0) })
        })
      self.revokedOperators = Mutex(try pool.read { try Self.revokedOperators($0) })
    } catch {
      throw CatalogError(error, doing: "opening the catalog \(path)", path: path)
    }
    self.path = path
    self.lock = lock
  }

  private static func pool(at path: String) throws -> DatabasePool {
    var configuration = Configuration()
    configuration.label = "catalog"
    configuration.busyMode = .timeout(5)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
    }
    let pool = try DatabasePool(path: path, configuration: configuration)
    try pool.writeWithoutTransaction { db in
      // The pool chooses NORMAL, under which a power cut may take acknowledged transactions with it.
      try db.execute(sql: "PRAGMA synchronous = FULL")
      try Migration.apply(to: db)
    }
    return pool
  }

  /// Waits for what runs and closes the file; every later call fails with `storage`.
  package func close() throws(CatalogError) {
    do {
      // Readers first: only the writer, as the last connection, can fold the log into the file.
      pool.releaseMemory()
      try pool.close()
      try foldLog()
    } catch {
      throw CatalogError(error, doing: "closing the catalog", path: path)
    }
    lock.release()
  }

  /// A reader's thread may let its connection go a moment after the pool has counted it as gone, and a reader that is the
  /// last one leaves the log where it is. Nothing is lost by that: the next start reads it.
  private func foldLog() throws {
    for _ in 0..<100 where access(path + "-wal", F_OK) == 0 {
      try DatabaseQueue(path: path).close()
      usleep(2000)
    }
  }

  /// Refuses every later decision with `conflict`: this coordinator is not the active one any more. What is under way
  /// comes to its end, and reading goes on until the catalog is closed.
  package func retire() { isRetired.withLock { $0 = true } }

  private func requireActive(for purpose: String) throws {
    guard isRetired.withLock({ $0 }) else { return }
    throw CatalogError(
      .conflict, "\(purpose) refused: this coordinator is not the active one any more",
      hint: "ask again: the one that is active answers")
  }

  // MARK: Transactions

  /// Makes one durable decision. `purpose` completes "… failed: reason"; `afterwards` runs before any later decision.
  func decide<Value: Sendable>(
    _ purpose: String,
    afterwards: (@Sendable (Value) -> Void)? = nil,
    _ decision: @escaping @Sendable (Database) throws -> Value
  ) async throws(CatalogError) -> Value {
    let path = path
    // Not GRDB's async call: that one gives up with the caller's task, even when a cut has to be closed.
    let result: Result<Value, CatalogError> = await withCheckedContinuation { continuation in
      pool.asyncWrite({ db in
        try self.requireActive(for: purpose)
        return try decision(db)
      }) { _, result in
        if case .success(let value) = result { afterwards?(value) }
        continuation.resume(
          returning: result.mapError { CatalogError($0, doing: purpose, path: path) })
      }
    }
    return try result.get()
  }

  /// Reads one consistent state.
  func look<Value: Sendable>(
    _ purpose: String, _ reading: @escaping @Sendable (Database) throws -> Value
  ) async throws(CatalogError) -> Value {
    let path = path
    let result: Result<Value, CatalogError> = await withCheckedContinuation { continuation in
      pool.asyncRead { database in
        let result = Result { try reading(database.get()) }
        continuation.resume(
          returning: result.mapError { CatalogError($0, doing: purpose, path: path) })
      }
    }
    return try result.get()
  }
}
