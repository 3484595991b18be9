internal import CoordinatorCore
internal import Foundation
internal import GRDB
internal import LinuxSystem
internal import Model

extension CatalogError {
  /// Says which action a failure calls for, and what was tried.
  init(_ cause: any Error, doing purpose: String, path: String) {
    switch cause {
    case let error as CatalogError:
      self = error
    case let error as DatabaseError:
      self.init(error, doing: purpose, path: path)
    case let error as SystemError where error.code == ENOSPC || error.code == EDQUOT:
      self = .full(path, doing: purpose)
    case is DecodingError, is InvalidIdentifier, is RowDecodingError:
      self = CatalogError(
        .unusable,
        "\(purpose) failed: the catalog \(path) holds what it cannot have stored: \(cause)",
        hint: Self.restoreHint(path))
    default:
      self = CatalogError(.storage, "\(purpose) failed: \(cause)")
    }
  }

  private init(_ error: DatabaseError, doing purpose: String, path: String) {
    let reason = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL:
      self = .full(path, doing: purpose)
    case .SQLITE_IOERR where FreeSpace.isExhausted(near: path):
      self = .full(path, doing: purpose)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      self = CatalogError(
        .unusable, "\(purpose) failed: the catalog \(path) is damaged: \(reason)",
        hint: Self.restoreHint(path))
    case .SQLITE_CONSTRAINT:
      self = CatalogError(.conflict, "\(purpose) refused: \(reason)")
    default:
      self = CatalogError(
        .storage, "\(purpose) failed: \(reason) (SQLite \(error.extendedResultCode.rawValue))")
    }
  }

  static func full(_ path: String, doing purpose: String) -> CatalogError {
    CatalogError(
      .full, "\(purpose) failed: the disk of \(path) is full",
      hint: "make room on it; what is stored is unharmed")
  }

  static func unusable(_ path: String, _ reason: String) -> CatalogError {
    CatalogError(
      .unusable, "the catalog \(path) \(reason); it was left untouched", hint: restoreHint(path))
  }

  /// How to come back from a file that cannot be used.
  static func restoreHint(_ path: String) -> String {
    "stop the coordinator, move \(path), \(path)-wal and \(path)-shm aside, copy the newest catalog backup to \(path) and start again"
  }
}

/// Whether a disk has nothing left.
enum FreeSpace {
  /// Less than this is taken for nothing: SQLite needs a few pages at a time.
  private static let least: UInt64 = 256 << 10

  static func isExhausted(near path: String) -> Bool {
    var status = statvfs()
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard statvfs(directory, &status) == 0 else { return false }
    // Network filesystems say -1 for what they do not know.
    let (free, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
      by: UInt64(status.f_frsize))
    return !overflow && free < least
  }
}
