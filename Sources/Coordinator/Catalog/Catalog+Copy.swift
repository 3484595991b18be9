package import CoordinatorCore
internal import Foundation
internal import GRDB
internal import LinuxSystem

extension Catalog {
  /// Writes a consistent copy of the catalog to `destination` while it goes on working.
  ///
  /// The copy is whole and fsynced before it gets its name, readable by the coordinator's user only, and a catalog
  /// that can be opened. Throws `conflict` when there is something at `destination`; `full` when the disk is.
  package func backup(to destination: String) async throws(CatalogError) {
    let partial = destination + ".partial"
    let purpose = "copying the catalog to \(destination)"
    do {
      var status = stat()
      guard lstat(destination, &status) != 0 else {
        throw CatalogError(
          .conflict, "\(purpose) refused: it exists already", hint: "choose another name")
      }
      // Created here, so that two copies at once cannot write into one file.
      _ = try DurableFile.open(partial, O_RDWR | O_CREAT | O_EXCL)
    } catch let error as SystemError where error.code == EEXIST {
      throw CatalogError(
        .conflict, "\(purpose) refused: \(partial) exists",
        hint: "remove it unless another copy is being made")
    } catch {
      throw CatalogError(error, doing: purpose, path: destination)
    }
    do {
      try await copy(to: partial, doing: purpose)
      // Unlike rename(2), link(2) never replaces what somebody put there meanwhile.
      guard link(partial, destination) == 0 else {
        throw SystemError("link", destination, code: errno)
      }
      try DurableFile.syncDirectory(DurableFile.parent(of: destination))
    } catch {
      for suffix in ["", "-journal", "-wal", "-shm"] { unlink(partial + suffix) }
      throw CatalogError(error, doing: purpose, path: destination)
    }
    unlink(partial)
  }

  private func copy(to partial: String, doing purpose: String) async throws(CatalogError) {
    try await look(purpose) { source in
      let queue = try DatabaseQueue(path: partial)
      try queue.inDatabase { destination in
        try destination.execute(sql: "PRAGMA synchronous = FULL")
        try source.backup(to: destination)
      }
      try queue.close()
      try DurableFile.sync(DurableFile.open(partial, O_RDWR), path: partial)
    }
  }
}
