internal import CoordinatorCore
internal import Foundation
internal import Synchronization

/// Keeps a second coordinator off the same file.
///
/// An flock(2) on a file of its own: closing any descriptor of the catalog itself would drop the POSIX locks that
/// SQLite holds on it. The lock ends with the process, whatever ends it.
final class CatalogLock: Sendable {
  private let descriptor: Mutex<CInt>

  /// Throws `conflict` when another process, or another catalog of this one, holds it.
  init(path: String, of catalog: String) throws(CatalogError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      let reason = String(cString: strerror(errno))
      if errno == ENOSPC || errno == EDQUOT {
        throw .full(catalog, doing: "locking the catalog")
      }
      throw CatalogError(
        .storage, "locking the catalog failed: cannot open \(path): \(reason)",
        hint: "the directory must exist and the coordinator must be allowed to write in it")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      _ = Foundation.close(descriptor)
      guard reason == EWOULDBLOCK else {
        throw CatalogError(
          .storage, "locking the catalog failed: \(path): \(String(cString: strerror(reason)))")
      }
      throw CatalogError(
        .conflict, "the catalog \(catalog) is in use by another coordinator",
        hint: "stop the other one, or give this one a catalog of its own")
    }
    self.descriptor = Mutex(descriptor)
  }

  /// Idempotent.
  func release() {
    descriptor.withLock { descriptor in
      guard descriptor >= 0 else { return }
      _ = Foundation.close(descriptor)
      descriptor = -1
    }
  }

  deinit { release() }
}
