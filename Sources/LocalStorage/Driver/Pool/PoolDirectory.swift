internal import Foundation
internal import Glibc
package import LinuxSystem

/// The pool's files: `volumes/<id>.img` and `.json`, `snapshots/<id>.img` and `.json`, `groups/<id>.json`.
///
/// An image counts from the moment that its JSON file has its name; an image without one is what a crash left of an
/// unanswered call, and is removed at the next start. The calls here block.
package struct PoolDirectory: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case volumes
    case snapshots
    case groups
  }

  package let path: String

  package init(path: String) { self.path = path }

  package func folder(_ kind: Kind) -> String { "\(path)/\(kind.rawValue)" }
  package func image(_ kind: Kind, _ id: String) -> String { "\(folder(kind))/\(id).img" }
  package func document(_ kind: Kind, _ id: String) -> String { "\(folder(kind))/\(id).json" }

  /// Makes what is missing, takes the pool for this process alone, and proves that files can share blocks here.
  ///
  /// The pool stays taken for as long as the returned descriptor is open.
  package func open() throws(StorageError) -> DescriptorHandle {
    do throws(SystemError) {
      // First of all: a directory that cannot be a pool is left as it was.
      try proveCloning()
      for kind in Kind.allCases { try DurableFile.makeDirectories(folder(kind), mode: 0o700) }
      let lock = try DurableFile.open("\(path)/.lock", O_RDWR | O_CREAT)
      try lock.call("lock", "\(path)/.lock") { flock($0, LOCK_EX | LOCK_NB) }
      return lock
    } catch {
      if error.code == EWOULDBLOCK {
        throw StorageError(.failedPrecondition, "pool \(path) is in use by another driver process")
      }
      if error.code == EOPNOTSUPP || error.code == EINVAL || error.code == ENOTTY {
        throw StorageError(
          .failedPrecondition, "pool \(path) lies on a filesystem that cannot clone files",
          hint: "use an XFS made with reflink=1, or --pool-file")
      }
      throw StorageError(error, while: "opening pool \(path)")
    }
  }

  private func proveCloning() throws(SystemError) {
    // Another driver may be asking the same at this moment.
    let original = "\(path)/.probe-\(getpid())"
    let copy = "\(original).clone"
    unlink(copy)
    defer {
      unlink(original)
      unlink(copy)
    }
    try DurableFile.replace(
      original, with: Array(repeating: 1, count: 4096), syncingDirectory: false)
    _ = try FileClone.make(copy, of: original)
  }

  /// Reads every document and removes what unanswered calls left.
  package func load() throws(StorageError) -> PoolIndex {
    var index = PoolIndex()
    for volume in try documents(.volumes, StoredVolume.self) { index.insert(volume) }
    for snapshot in try documents(.snapshots, StoredSnapshot.self) { index.insert(snapshot) }
    for group in try documents(.groups, StoredGroup.self) { index.insert(group) }
    let known: [Kind: Set<String>] = [
      .volumes: Set(index.volumes.keys), .snapshots: Set(index.snapshots.keys),
    ]
    for (kind, ids) in known {
      for name in try entries(kind) where name.hasSuffix(".img") {
        let id = String(name.dropLast(4))
        if !ids.contains(id) { unlink(image(kind, id)) }
      }
      for id in ids where access(image(kind, id), F_OK) != 0 {
        throw StorageError(
          .internal, "pool \(path) is damaged: \(image(kind, id)) is missing",
          hint: "restore the file, or remove its .json file to give up the content")
      }
    }
    return index
  }

  private func entries(_ kind: Kind) throws(StorageError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder(kind)).sorted()
    } catch {
      throw StorageError(.internal, "listing \(folder(kind)) failed: \(error)")
    }
  }

  private func documents<Record: StoredRecord>(_ kind: Kind, _ type: Record.Type)
    throws(StorageError) -> [Record]
  {
    var records: [Record] = []
    for name in try entries(kind) where name.hasSuffix(".json") {
      let file = "\(folder(kind))/\(name)"
      do {
        let bytes = try TextFile.bytes(file, limit: 16 << 20)
        records.append(try Self.record(type, bytes, id: String(name.dropLast(5))))
      } catch {
        throw StorageError(
          .internal, "pool \(path) is damaged: \(file) is unreadable: \(error)",
          hint: "nothing was changed; restore the file, or remove it to give up its content")
      }
    }
    return records
  }

  /// Reads a document that is stored under the name `id`; throws for anything that this driver would not have written.
  static func record<Record: StoredRecord>(_ type: Record.Type, _ bytes: [UInt8], id: String)
    throws -> Record
  {
    let record = try JSONDecoder().decode(type, from: Data(bytes))
    // The ID becomes a path, the sizes are added up.
    if record.id != id {
      throw StorageError(.internal, "it is that of '\(record.id.prefix(128))'")
    }
    if let fault = record.fault { throw StorageError(.internal, fault) }
    return record
  }

  /// Writes a document; it is on stable storage when this returns.
  package func store(_ record: some Encodable, _ kind: Kind, id: String) throws(StorageError) {
    let bytes = try Self.encoded(record, id: id)
    do throws(SystemError) {
      try DurableFile.replace(document(kind, id), with: bytes)
    } catch {
      throw StorageError(error, while: "storing \(id)")
    }
  }

  static func encoded(_ record: some Encodable, id: String) throws(StorageError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(record))
    } catch {
      throw StorageError(.internal, "encoding the record of \(id) failed: \(error)")
    }
  }

  /// Forgets an object durably, then frees its space: a crash in between leaves an image that the next start removes.
  package func remove(_ kind: Kind, id: String, images: [String]) throws(StorageError) {
    do throws(SystemError) {
      try DurableFile.remove(document(kind, id))
    } catch {
      throw StorageError(error, while: "deleting \(id)")
    }
    for image in images { unlink(image) }
  }

  /// The size of the pool and what is free of it, in bytes.
  package func space() throws(StorageError) -> (total: Int64, free: Int64) {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else {
      throw StorageError(
        SystemError("statvfs", path, code: errno), while: "measuring pool \(path)")
    }
    let space = SpaceCount(status)
    return (space.bytes(space.blocks), space.bytes(space.availableBlocks))
  }
}
