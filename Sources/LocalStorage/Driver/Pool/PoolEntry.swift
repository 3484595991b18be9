internal import Glibc
internal import LinuxSystem

/// A record of the pool with the clones that it is about.
struct PoolEntry: Sendable {
  var kind: PoolDirectory.Kind
  var id: String
  var record: [UInt8]
  var clones: [Clone]

  struct Clone: Sendable {
    var path: String
    var file: DescriptorHandle
  }
}

extension PoolDirectory {
  /// Whether the filesystem writes every change into one log, in order, so that the last one is on stable storage only
  /// together with all before it. XFS does; what cannot be told counts as one that does not.
  func hasOneLog() -> Bool {
    guard let table = try? MountTable.read() else { return false }
    return table.mount(covering: path)?.fileSystem == "xfs"
  }

  /// Makes records and their clones durable by as few writings as the filesystem allows, or leaves nothing of them.
  ///
  /// No record gets its name before its content and its clones would be there after a crash: a crash never leaves a record
  /// without its images.
  func keep(_ entries: [PoolEntry], inOneLog: Bool) throws(StorageError) {
    do throws(SystemError) {
      var staged: [(file: DescriptorHandle, path: String)] = []
      for entry in entries {
        let path = document(entry.kind, entry.id)
        staged.append((try DurableFile.stage(path, with: entry.record), path))
      }
      if inOneLog {
        // The new names come last into the log: what is synced with them has everything before them. Each writing of the
        // log makes the device empty its cache first, and with it the data that was handed over.
        for (file, path) in staged { try DurableFile.handOver(file, path: path) }
      } else {
        for clone in entries.flatMap(\.clones) {
          try DurableFile.sync(clone.file, path: clone.path)
        }
        for (file, path) in staged { try DurableFile.sync(file, path: path) }
      }
      for entry in entries {
        try DurableFile.publish(document(entry.kind, entry.id), syncingDirectory: false)
      }
      for kind in Set(entries.map(\.kind)) { try DurableFile.syncDirectory(folder(kind)) }
    } catch {
      for entry in entries { takeBack(entry) }
      throw StorageError(error, while: "storing \(entries.map(\.id).joined(separator: ", "))")
    }
  }

  /// Removes what nobody was told of: a document, staged or published, and its images.
  func takeBack(_ entry: PoolEntry) {
    DurableFile.unstage(document(entry.kind, entry.id))
    unlink(document(entry.kind, entry.id))
    for clone in entry.clones { unlink(clone.path) }
  }
}
