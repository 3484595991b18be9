/// What the pool's files say, in memory: a plain value, the files are the truth.
package struct PoolIndex: Sendable {
  package private(set) var volumes: [String: StoredVolume] = [:]
  package private(set) var snapshots: [String: StoredSnapshot] = [:]
  package private(set) var groups: [String: StoredGroup] = [:]
  private var volumeNames: [String: String] = [:]
  private var snapshotNames: [String: String] = [:]
  private var groupNames: [String: String] = [:]
  private var lastSerial: UInt64 = 0

  package init() {}

  /// One that was never given before, in this run or an earlier one.
  package mutating func nextSerial() -> UInt64 {
    lastSerial += 1
    return lastSerial
  }

  package mutating func insert(_ volume: StoredVolume) {
    volumes[volume.id] = volume
    volumeNames[volume.name] = volume.id
    lastSerial = max(lastSerial, volume.serial)
  }

  package mutating func insert(_ snapshot: StoredSnapshot) {
    snapshots[snapshot.id] = snapshot
    // A member of a group has its name from the group, not from a caller.
    if snapshot.group == nil { snapshotNames[snapshot.name] = snapshot.id }
    lastSerial = max(lastSerial, snapshot.serial)
  }

  package mutating func insert(_ group: StoredGroup) {
    groups[group.id] = group
    groupNames[group.name] = group.id
    lastSerial = max(lastSerial, group.serial)
    for snapshot in group.snapshots { insert(snapshot) }
  }

  package mutating func removeVolume(_ id: String) {
    guard let volume = volumes.removeValue(forKey: id) else { return }
    volumeNames[volume.name] = nil
  }

  package mutating func removeSnapshot(_ id: String) {
    guard let snapshot = snapshots.removeValue(forKey: id), snapshot.group == nil else { return }
    snapshotNames[snapshot.name] = nil
  }

  package mutating func removeGroup(_ id: String) {
    guard let group = groups.removeValue(forKey: id) else { return }
    groupNames[group.name] = nil
    for snapshot in group.snapshots { removeSnapshot(snapshot.id) }
  }

  package func volume(named name: String) -> StoredVolume? {
    volumeNames[name].flatMap { volumes[$0] }
  }

  package func snapshot(named name: String) -> StoredSnapshot? {
    snapshotNames[name].flatMap { snapshots[$0] }
  }

  package func group(named name: String) -> StoredGroup? {
    groupNames[name].flatMap { groups[$0] }
  }

  /// The capacity of all volumes together, whether written or not.
  package var promisedBytes: Int64 {
    volumes.values.reduce(0) { $0.addingReportingOverflow($1.capacity).partialValue }
  }
}
