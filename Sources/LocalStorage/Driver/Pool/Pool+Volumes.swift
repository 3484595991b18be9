internal import Glibc
internal import LinuxSystem
internal import Model
internal import Synchronization

extension Pool {
  /// Makes the volume, or finds the one that an earlier call of this name made.
  package func createVolume(_ order: VolumeOrder) async throws -> StoredVolume {
    let sources: [String] =
      switch order.source {
      case .snapshot(let id): ["snapshot \(id)"]
      case .volume(let id): ["volume \(id)"]
      case nil: []
      }
    return try await gate.enter(alone: ["volume name \(order.name)"], sharing: sources) {
      if let existing = index.withLock({ $0.volume(named: order.name) }) {
        guard order.accepts(existing) else {
          throw StorageError(
            .alreadyExists,
            "a volume named \(order.name) exists and differs: \(ByteSize(bytes: existing.capacity)), \(existing.filesystem.rawValue), source \(existing.source.map { "\($0)" } ?? "none")"
          )
        }
        return existing
      }
      return try await makeVolume(order)
    }
  }

  private func makeVolume(_ order: VolumeOrder) async throws -> StoredVolume {
    let template = try template(for: order)
    let capacity = try order.capacity(atLeast: template.capacity)
    try requireSpace(for: "volume \(order.name)")
    let total = try directory.space().total
    let (serial, left) = index.withLock { index in
      (
        index.nextSerial(),
        limits.promisable(total: total, promised: index.promisedBytes)
      )
    }
    guard capacity <= left else {
      throw StorageError(
        .resourceExhausted,
        "volume \(order.name): \(ByteSize(bytes: capacity)) are more than the pool may still promise (\(ByteSize(bytes: left)))",
        hint: "make the pool larger, or raise --overcommit")
    }
    let volume = StoredVolume(
      id: Self.freshID("vol"), name: order.name, serial: serial, capacity: capacity,
      filesystem: template.filesystem, source: order.source,
      mustGrow: template.mustGrow || order.source != nil && capacity > template.capacity)
    let image = directory.image(.volumes, volume.id)
    do {
      try await makeImage(image, size: capacity, from: template.image)
      if template.image == nil {
        try await (volume.filesystem == .ext4 ? SystemTool.makeExt4 : .makeXFS).run([image])
      }
      let directory = directory
      try await onDedicatedThread { () throws(StorageError) in
        do throws(SystemError) {
          try DurableFile.sync(DurableFile.open(image, O_RDWR), path: image)
        } catch {
          throw StorageError(error, while: "making volume \(order.name)")
        }
        try directory.store(volume, .volumes, id: volume.id)
      }
    } catch {
      unlink(image)
      throw error
    }
    index.withLock { $0.insert(volume) }
    return volume
  }

  private struct Template {
    var image: String?
    var capacity: Int64
    var filesystem: FilesystemKind
    var mustGrow: Bool
  }

  /// What the new volume starts as.
  private func template(for order: VolumeOrder) throws(StorageError) -> Template {
    let template: Template
    switch order.source {
    case nil:
      let filesystem = order.filesystem ?? .ext4
      return Template(
        image: nil, capacity: filesystem.minimumBytes, filesystem: filesystem, mustGrow: false)
    case .snapshot(let id):
      let snapshot = try snapshot(id)
      template = Template(
        image: directory.image(.snapshots, id), capacity: snapshot.capacity,
        filesystem: snapshot.filesystem, mustGrow: snapshot.mustGrow)
    case .volume(let id):
      let volume = try volume(id)
      template = Template(
        image: directory.image(.volumes, id), capacity: volume.capacity,
        filesystem: volume.filesystem, mustGrow: volume.mustGrow)
    }
    guard order.filesystem == nil || order.filesystem == template.filesystem else {
      throw StorageError(
        .invalidArgument,
        "volume \(order.name): its source holds \(template.filesystem.rawValue), which a copy cannot change"
      )
    }
    return template
  }

  private func makeImage(_ image: String, size: Int64, from source: String?)
    async throws(StorageError)
  {
    try await onDedicatedThread { () throws(StorageError) in
      do throws(SystemError) {
        let file =
          if let source {
            try FileClone.make(image, of: source)
          } else {
            try DurableFile.open(image, O_RDWR | O_CREAT | O_EXCL)
          }
        try file.call("truncate", image) { ftruncate($0, off_t(size)) }
      } catch {
        throw StorageError(error, while: "making image \(image)")
      }
    }
  }

  /// Deletes a volume that nothing uses; one that does not exist counts as deleted. Its snapshots stay.
  package func deleteVolume(_ id: String) async throws {
    guard let volume = index.withLock({ $0.volumes[id] }) else { return }
    try await gate.enter(alone: ["volume \(id)"]) {
      let image = image(of: volume)
      let directory = directory
      try await onDedicatedThread { () throws(StorageError) in
        guard access(image, F_OK) == 0 else { return }
        try StorageError.explaining("deleting volume \(id)") {
          guard let device = try LoopDevice.waitUntilDetached(image, atMost: .seconds(1)) else {
            return
          }
          throw StorageError(
            .failedPrecondition, "volume \(id) is in use: \(device.path) still shows it",
            hint: "unpublish and unstage it first, and stop what has it mounted elsewhere")
        }
      }
      try await onDedicatedThread { () throws(StorageError) in
        try directory.remove(.volumes, id: id, images: [image])
      }
      index.withLock { $0.removeVolume(id) }
    }
  }

  /// Makes the image larger; the filesystem inside grows when the node is told to, or at the next staging.
  package func expandVolume(_ id: String, required: Int64, limit: Int64) async throws
    -> StoredVolume
  {
    _ = try volume(id)
    return try await gate.enter(alone: ["volume \(id)"]) {
      var volume = try self.volume(id)
      guard limit == 0 || volume.capacity <= limit else {
        throw StorageError(
          .outOfRange, "volume \(id) has \(volume.capacity) bytes, more than the limit of \(limit)")
      }
      if volume.capacity >= required { return volume }
      let order = VolumeOrder(name: volume.name, requiredBytes: required, limitBytes: limit)
      let capacity = try order.capacity(atLeast: volume.capacity)
      try requireSpace(for: "growing volume \(id)")
      let total = try directory.space().total
      let left = index.withLock {
        limits.promisable(total: total, promised: $0.promisedBytes - volume.capacity)
      }
      guard capacity <= left else {
        throw StorageError(
          .resourceExhausted,
          "volume \(id): \(ByteSize(bytes: capacity)) are more than the pool may promise",
          hint: "make the pool larger, or raise --overcommit")
      }
      volume.capacity = capacity
      volume.mustGrow = true
      let (grown, directory, image) = (volume, directory, image(of: volume))
      try await onDedicatedThread { () throws(StorageError) in
        guard truncate(image, off_t(capacity)) == 0 else {
          throw StorageError(
            SystemError("truncate", image, code: errno), while: "growing volume \(id)")
        }
        try directory.store(grown, .volumes, id: id)
      }
      index.withLock { $0.insert(grown) }
      return grown
    }
  }

  /// Notes that the filesystem fills its image now.
  func noteGrown(_ volume: StoredVolume) async throws(StorageError) {
    var grown = volume
    grown.mustGrow = false
    let (record, directory) = (grown, directory)
    try await onDedicatedThread { () throws(StorageError) in
      try directory.store(record, .volumes, id: record.id)
    }
    index.withLock { $0.insert(record) }
  }

  package func volumes(limit: Int32, token: String) throws(StorageError) -> Page<StoredVolume> {
    let all = index.withLock { Array($0.volumes.values) }
    return try Page(of: all, by: \.serial, limit: limit, token: token)
  }

  /// Bytes that are free for content, and the largest volume that may be made.
  package func capacity() throws(StorageError) -> (available: Int64, largest: Int64) {
    let (total, free) = try directory.space()
    let left = limits.promisable(
      total: total, promised: index.withLock { $0.promisedBytes })
    return (max(0, free - limits.reserve(of: total)), min(left, VolumeOrder.maximumBytes))
  }
}
