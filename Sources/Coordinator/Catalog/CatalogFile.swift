internal import CoordinatorCore
internal import Foundation
internal import GRDB
internal import LinuxSystem

/// The catalog's file before it is opened: makes it whole, or judges it without changing a byte.
struct CatalogFile {
  /// SQLite's `application_id` of a catalog: "STPL".
  static let applicationID: Int32 = 0x5354_504c
  /// Up to this size indexes are compared with their tables as well; above it, that would take minutes.
  static let fullCheckBytes: Int64 = 256 << 20

  let path: String

  var lockPath: String { path + ".lock" }
  private var newPath: String { path + ".new" }
  private var judgePath: String { path + ".judge" }

  /// Leaves a catalog of this version or an older one at `path`; throws when what is there is none.
  ///
  /// The caller holds the lock, so leftovers of these names are of a process that died.
  func prepare() throws {
    for suffix in ["", "-wal", "-shm", "-journal"] { try remove(newPath + suffix) }
    try removeTree(judgePath)
    guard exists(path) else {
      guard !exists(path + "-wal") else {
        throw CatalogError.unusable(
          path, "is missing while \(path)-wal, which holds its newest entries, is there")
      }
      return try create()
    }
    try judgeHeader()
    try judgeContent()
  }

  // MARK: Making one

  /// Makes it under another name first: a file at `path` is a whole catalog from its first moment on.
  private func create() throws {
    _ = try DurableFile.open(newPath, O_RDWR | O_CREAT | O_EXCL)
    let queue = try DatabaseQueue(path: newPath)
    try queue.inDatabase { db in
      try db.execute(sql: "PRAGMA synchronous = FULL")
      try db.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
      try Migration.apply(to: db)
    }
    try queue.close()
    try DurableFile.sync(DurableFile.open(newPath, O_RDWR), path: newPath)
    try DurableFile.publish(path)
  }

  // MARK: Judging one

  /// SQLite's header says what kind of file it is (sqlite.org/fileformat2.html, section 1.3).
  private func judgeHeader() throws {
    var header = [UInt8](repeating: 0, count: 100)
    let count = try DurableFile.open(path, O_RDONLY).call("read", path) {
      pread($0, &header, header.count, 0)
    }
    guard count > 0 else { throw CatalogError.unusable(path, "is empty") }
    guard count == header.count, header.starts(with: Array("SQLite format 3\0".utf8)) else {
      throw CatalogError.unusable(path, "is not an SQLite file")
    }
    let identity = header[68..<72].reduce(0) { $0 << 8 | UInt32($1) }
    guard Int32(bitPattern: identity) == Self.applicationID else {
      throw CatalogError.unusable(path, "is an SQLite file, but not a catalog of Stillpoint")
    }
  }

  /// Reads through hard links: SQLite finds the log beside the link, and puts its own shared memory there too.
  private func judgeContent() throws {
    guard mkdir(judgePath, 0o700) == 0 else { throw SystemError("mkdir", judgePath, code: errno) }
    defer {
      // What stays is removed at the next start.
      try? removeTree(judgePath)
    }
    let copy = judgePath + "/catalog"
    guard link(path, copy) == 0 else { throw SystemError("link", path, code: errno) }
    if exists(path + "-wal") {
      guard link(path + "-wal", copy + "-wal") == 0 else {
        throw SystemError("link", path + "-wal", code: errno)
      }
    }
    do {
      var configuration = Configuration()
      configuration.readonly = true
      let queue = try DatabaseQueue(path: copy, configuration: configuration)
      try queue.inDatabase { try judge($0) }
      try queue.close()
    } catch let error as DatabaseError {
      switch error.resultCode {
      case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_FORMAT:
        throw CatalogError.unusable(path, "is damaged: \(error.message ?? "\(error.resultCode)")")
      default: throw error
      }
    }
  }

  private func judge(_ db: Database) throws {
    let version = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    guard version <= Migration.newest else {
      throw CatalogError(
        .unusable,
        "the catalog \(path) has version \(version), made by a newer coordinator than this one, which knows version \(Migration.newest); it was left untouched",
        hint: "start the newer coordinator again, or \(CatalogError.restoreHint(path))")
    }
    guard version > 0 else { throw CatalogError.unusable(path, "has no version") }
    let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
    let pageSize = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0
    let check = pages * pageSize <= Self.fullCheckBytes ? "integrity_check" : "quick_check"
    let findings = try String.fetchAll(db, sql: "PRAGMA \(check)(3)")
    guard findings == ["ok"] else {
      throw CatalogError.unusable(path, "is damaged: \(findings.joined(separator: "; "))")
    }
    let dangling = try Row.fetchOne(db, sql: "PRAGMA foreign_key_check")
    if let table = dangling?["table"] as String? {
      throw CatalogError.unusable(
        path, "is damaged: a row of \(table) refers to one that is missing")
    }
  }

  // MARK: Files

  private func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private func remove(_ path: String) throws {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw SystemError("unlink", path, code: errno)
    }
  }

  private func removeTree(_ path: String) throws {
    if exists(path) { try FileManager.default.removeItem(atPath: path) }
  }
}
