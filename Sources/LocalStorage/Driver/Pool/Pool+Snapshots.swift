internal import Glibc
internal import Lifecycle
internal import LinuxSystem
internal import Synchronization

extension Pool {
  /// Cuts a volume, or finds what an earlier call of this name cut.
  ///
  /// The caller's application may stand still meanwhile, so the clone is the first thing done and its record the only
  /// other; the answer is given when both are on stable storage.
  package func createSnapshot(named name: String, of volumeID: String) async throws
    -> StoredSnapshot
  {
    try await gate.enter(
      alone: ["snapshot name \(name)"], sharing: ["volume \(volumeID)"]
    ) {
      if let existing = index.withLock({ $0.snapshot(named: name) }) {
        guard existing.sourceVolume == volumeID else {
          throw StorageError(
            .alreadyExists,
            "a snapshot named \(name) exists, of volume \(existing.sourceVolume)")
        }
        return existing
      }
      let volume = try volume(volumeID)
      try requireSpace(for: "snapshot \(name)")
      let serial = index.withLock { $0.nextSerial() }
      let directory = directory
      let (snapshot, clone) = try await onDedicatedThread { () throws(StorageError) in
        try Self.cut(volume, name: name, serial: serial, group: nil, in: directory)
      }
      try await keep(snapshot, .snapshots, id: snapshot.id, of: [(snapshot, clone)])
      index.withLock { $0.insert(snapshot) }
      return snapshot
    }
  }

  private static func cut(
    _ volume: StoredVolume, name: String, serial: UInt64, group: String?,
    in directory: PoolDirectory
  ) throws(StorageError) -> (StoredSnapshot, DescriptorHandle) {
    let id = freshID("snap")
    let clone: DescriptorHandle
    do throws(SystemError) {
      clone = try FileClone.make(
        directory.image(.snapshots, id), of: directory.image(.volumes, volume.id))
    } catch {
      throw StorageError(error, while: "cutting volume \(volume.id)")
    }
    let snapshot = StoredSnapshot(
      id: id, name: name, serial: serial, sourceVolume: volume.id, capacity: volume.capacity,
      filesystem: volume.filesystem, mustGrow: volume.mustGrow, createdAt: wallClock(),
      group: group)
    return (snapshot, clone)
  }

  /// Makes a record and its clones durable, or leaves nothing of them. Calls that come together, as those of one cut do,
  /// share the waiting for the disk.
  private func keep(
    _ record: some Encodable, _ kind: PoolDirectory.Kind, id: String,
    of clones: [(StoredSnapshot, DescriptorHandle)]
  ) async throws(StorageError) {
    let (directory, hasOneLog) = (directory, hasOneLog)
    let entry = PoolEntry(
      kind: kind, id: id, record: try PoolDirectory.encoded(record, id: id),
      clones: clones.map { .init(path: directory.image(.snapshots, $0.0.id), file: $0.1) })
    try await writing.submit(entry) { entries in
      await onDedicatedThread {
        do throws(StorageError) {
          try directory.keep(entries, inOneLog: hasOneLog)
          return entries.map { _ in .success(()) }
        } catch {
          return entries.map { _ in .failure(error) }
        }
      }
    }
  }

  private static func wallClock() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  /// Deletes a snapshot; one that does not exist counts as deleted. Volumes made from it keep their content.
  package func deleteSnapshot(_ id: String) async throws {
    guard let snapshot = index.withLock({ $0.snapshots[id] }) else { return }
    if let group = snapshot.group {
      throw StorageError(
        .failedPrecondition, "snapshot \(id) belongs to group snapshot \(group)",
        hint: "delete the group snapshot, which deletes all of them")
    }
    try await gate.enter(alone: ["snapshot \(id)", "snapshot name \(snapshot.name)"]) {
      let directory = directory
      try await onDedicatedThread { () throws(StorageError) in
        try directory.remove(.snapshots, id: id, images: [directory.image(.snapshots, id)])
      }
      index.withLock { $0.removeSnapshot(id) }
    }
  }

  /// Snapshots, all or those of one volume or with one ID.
  package func snapshots(limit: Int32, token: String, id: String, sourceVolume: String)
    throws(StorageError) -> Page<StoredSnapshot>
  {
    let all = index.withLock { index in
      index.snapshots.values.filter {
        (id.isEmpty || $0.id == id) && (sourceVolume.isEmpty || $0.sourceVolume == sourceVolume)
      }
    }
    return try Page(of: all, by: \.serial, limit: limit, token: token)
  }

  /// Cuts several volumes, one directly after the other, and records all cuts in one file.
  ///
  /// Nothing is held still here: for one instant across volumes that are written, their writers must be held.
  package func createGroup(named name: String, of volumeIDs: [String]) async throws -> StoredGroup {
    let sources = Set(volumeIDs).sorted()
    return try await gate.enter(
      alone: ["group name \(name)"], sharing: sources.map { "volume \($0)" }
    ) {
      if let existing = index.withLock({ $0.group(named: name) }) {
        guard existing.sourceVolumes == sources else {
          throw StorageError(
            .alreadyExists,
            "a group snapshot named \(name) exists, of \(existing.sourceVolumes.joined(separator: ", "))"
          )
        }
        return existing
      }
      let volumes = try sources.map { try volume($0) }
      try requireSpace(for: "group snapshot \(name)")
      let serials = index.withLock { index in (0...volumes.count).map { _ in index.nextSerial() } }
      let directory = directory
      let (group, clones) = try await onDedicatedThread { () throws(StorageError) in
        try Self.cutGroup(volumes, name: name, serials: serials, in: directory)
      }
      try await keep(group, .groups, id: group.id, of: clones)
      index.withLock { $0.insert(group) }
      return group
    }
  }

  private static func cutGroup(
    _ volumes: [StoredVolume], name: String, serials: [UInt64], in directory: PoolDirectory
  ) throws(StorageError) -> (StoredGroup, [(StoredSnapshot, DescriptorHandle)]) {
    let id = freshID("group")
    var cuts: [(StoredSnapshot, DescriptorHandle)] = []
    do throws(StorageError) {
      for (volume, serial) in zip(volumes, serials.dropFirst()) {
        cuts.append(try cut(volume, name: name, serial: serial, group: id, in: directory))
      }
      let group = StoredGroup(
        id: id, name: name, serial: serials[0], createdAt: wallClock(),
        snapshots: cuts.map(\.0))
      return (group, cuts)
    } catch {
      for (snapshot, _) in cuts { unlink(directory.image(.snapshots, snapshot.id)) }
      throw error
    }
  }

  /// - Parameter members: the group's snapshots as the caller knows them; checked unless empty.
  package func group(_ id: String, members: [String]) throws(StorageError) -> StoredGroup {
    guard let group = index.withLock({ $0.groups[id] }) else {
      throw StorageError(.notFound, "there is no group snapshot \(id.prefix(128))")
    }
    try Self.require(members, in: group)
    return group
  }

  private static func require(_ members: [String], in group: StoredGroup) throws(StorageError) {
    guard members.isEmpty || Set(members) == Set(group.snapshots.map(\.id)) else {
      throw StorageError(
        .invalidArgument, "the snapshots named are not those of group snapshot \(group.id)")
    }
  }

  /// Deletes a group with all its snapshots; one that does not exist counts as deleted.
  package func deleteGroup(_ id: String, members: [String]) async throws {
    guard let group = index.withLock({ $0.groups[id] }) else { return }
    try Self.require(members, in: group)
    let keys = group.snapshots.map { "snapshot \($0.id)" } + ["group name \(group.name)"]
    try await gate.enter(alone: keys) {
      let directory = directory
      try await onDedicatedThread { () throws(StorageError) in
        try directory.remove(
          .groups, id: id, images: group.snapshots.map { directory.image(.snapshots, $0.id) })
      }
      index.withLock { $0.removeGroup(id) }
    }
  }
}
