internal import Lifecycle
internal import LinuxSystem
internal import Model
internal import Synchronization

/// Volumes and snapshots of one pool directory.
///
/// Every answer that reports a change is given after the change is on stable storage. Calls on one object exclude each
/// other; the later is refused with `aborted`.
package final class Pool: Sendable {
  package let directory: PoolDirectory
  package let limits: PoolLimits
  let gate = OperationGate()
  let index: Mutex<PoolIndex>
  let writing = Gathering<PoolEntry, StorageError>()
  let hasOneLog: Bool
  /// Keeps the pool to this process.
  private let lock: DescriptorHandle

  private init(
    directory: PoolDirectory, limits: PoolLimits, lock: DescriptorHandle, index: PoolIndex
  ) {
    self.directory = directory
    self.limits = limits
    self.lock = lock
    self.hasOneLog = directory.hasOneLog()
    self.index = Mutex(index)
  }

  /// Opens a directory, which must exist on a filesystem that can clone files.
  package static func open(_ path: String, limits: PoolLimits = PoolLimits())
    async throws(StorageError) -> Pool
  {
    try await onDedicatedThread { () throws(StorageError) in
      let directory = PoolDirectory(path: path)
      let lock = try directory.open()
      return Pool(directory: directory, limits: limits, lock: lock, index: try directory.load())
    }
  }

  package func volume(_ id: String) throws(StorageError) -> StoredVolume {
    guard let volume = index.withLock({ $0.volumes[id] }) else {
      throw StorageError(.notFound, "there is no volume \(id.prefix(128))")
    }
    return volume
  }

  package func snapshot(_ id: String) throws(StorageError) -> StoredSnapshot {
    guard let snapshot = index.withLock({ $0.snapshots[id] }) else {
      throw StorageError(.notFound, "there is no snapshot \(id.prefix(128))")
    }
    return snapshot
  }

  /// The image of a volume.
  package func image(of volume: StoredVolume) -> String { directory.image(.volumes, volume.id) }

  /// A name that was never used before: 128 random bits.
  static func freshID(_ prefix: String) -> String {
    var generator = SystemRandomNumberGenerator()
    let halves = (0..<2).map { _ -> String in
      let text = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    return "\(prefix)-\(halves.joined())"
  }

  /// Refuses what would leave the pool without the space it needs to work at all.
  func requireSpace(for purpose: String) throws(StorageError) {
    let (total, free) = try directory.space()
    guard free > limits.reserve(of: total) else {
      throw StorageError(
        .resourceExhausted,
        "no space for \(purpose): pool \(directory.path) has \(ByteSize(bytes: free)) left",
        hint: "delete snapshots or volumes, or make the pool larger")
    }
  }
}

/// How far a pool may be filled.
package struct PoolLimits: Hashable, Sendable {
  /// How many times its own size a pool may promise to volumes, which take space only as they are written.
  package var overcommit: Int64

  package init(overcommit: Int64 = 50) { self.overcommit = overcommit }

  /// What must stay free, so that metadata and changes of snapshotted blocks find room.
  func reserve(of total: Int64) -> Int64 { max(16 << 20, total / 50) }

  /// What may still be promised.
  func promisable(total: Int64, promised: Int64) -> Int64 {
    let (limit, overflow) = total.multipliedReportingOverflow(by: overcommit)
    return max(0, (overflow ? Int64.max : limit) - promised)
  }
}
