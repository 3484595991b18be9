package import CutProtocol
internal import GRPCCore
internal import Logging
internal import Model

extension CSISnapshotProvider {
  package func cut(
    _ volumes: [MemberVolume], name: SnapshotName, clock: @Sendable () -> Duration
  ) async throws(Refusal) -> [SnapshotRecord] {
    var parts: [Part] = []
    for (driverName, members) in Self.byDriver(volumes) {
      let driver = try drivers.driver(driverName)
      let abilities: CSIAbilities
      do throws(CSIError) {
        // Known since prepare; asked here only after a restart in between.
        abilities = try await driver.inspect()
      } catch {
        throw error.refusal
      }
      if Self.usesGroup(members, abilities) {
        parts.append(
          Part(driver: driver, members: members, name: name.text(volume: nil), grouped: true))
      } else {
        for (handle, members) in Self.byVolume(members) {
          parts.append(
            Part(driver: driver, members: members, name: name.text(volume: handle), grouped: false))
        }
      }
    }
    return try await cut(parts, clock: clock)
  }

  /// One call to a driver.
  private struct Part: Sendable {
    var driver: CSIDriver
    var members: [MemberVolume]
    var name: String
    var grouped: Bool

    func perform() async -> Result<[CSISnapshot], CSIError> {
      do throws(CSIError) {
        guard grouped else {
          return .success([
            try await driver.createSnapshot(named: name, of: members[0].volume.handle)
          ])
        }
        var handles: [VolumeHandle] = []
        for member in members where !handles.contains(member.volume.handle) {
          handles.append(member.volume.handle)
        }
        return .success(try await driver.createGroup(named: name, of: handles))
      } catch {
        return .failure(error)
      }
    }
  }

  /// All parts at once. The answer's moment is taken here, after the fact: too late is safe, too early would not be.
  private func cut(_ parts: [Part], clock: @Sendable () -> Duration) async throws(Refusal)
    -> [SnapshotRecord]
  {
    var records: [SnapshotRecord] = []
    var failure: CSIError?
    await withTaskGroup(of: (Int, Result<[CSISnapshot], CSIError>).self) { group in
      var requested: [Duration] = []
      for (index, part) in parts.enumerated() {
        requested.append(clock())
        group.addTask { (index, await part.perform()) }
      }
      for await (index, result) in group {
        let acknowledged = clock()
        switch result {
        case .success(let snapshots):
          records += Self.records(
            snapshots, of: parts[index], requested: requested[index], acknowledged: acknowledged)
        case .failure(let error): failure = failure ?? error
        }
      }
    }
    if let failure { throw failure.refusal }
    return records.sorted { $0.containerPath < $1.containerPath }
  }

  private static func records(
    _ snapshots: [CSISnapshot], of part: Part, requested: Duration, acknowledged: Duration
  ) -> [SnapshotRecord] {
    part.members.compactMap { member in
      snapshots.first { $0.source == member.volume.handle }.map { snapshot in
        SnapshotRecord(
          containerPath: member.containerPath, volume: member.volume, name: part.name,
          handle: snapshot.handle, group: snapshot.group, sizeBytes: snapshot.sizeBytes,
          createdAt: snapshot.createdAt, readyToUse: snapshot.readyToUse, requested: requested,
          acknowledged: acknowledged)
      }
    }
  }

  /// A volume that a container sees at two paths is cut once.
  private static func byVolume(_ members: [MemberVolume]) -> [(VolumeHandle, [MemberVolume])] {
    var order: [VolumeHandle] = []
    for member in members where !order.contains(member.volume.handle) {
      order.append(member.volume.handle)
    }
    return order.map { handle in (handle, members.filter { $0.volume.handle == handle }) }
  }

  /// The CSI has no way to ask for a name. Asking to create it again either answers with what the earlier call made, or waits
  /// (aborted, repeated) until a call under way is done, or makes a snapshot that nobody wants: it is deleted in every
  /// case, and afterwards none of this name exists.
  package func deleteOrphans(_ volumes: [MemberVolume], name: SnapshotName)
    async throws(Refusal) -> Int
  {
    var deleted = 0
    do {
      for (driverName, members) in Self.byDriver(volumes) {
        let driver = try drivers.driver(driverName)
        let abilities = try await driver.inspect()
        guard abilities.snapshots else { continue }
        if Self.usesGroup(members, abilities) {
          deleted += try await deleteGroupOrphan(members, name: name.text(volume: nil), driver)
          continue
        }
        for (handle, _) in Self.byVolume(members) {
          deleted += try await deleteOrphan(of: handle, name: name.text(volume: handle), driver)
        }
      }
    } catch let error as CSIError {
      throw error.refusal
    } catch let error as Refusal {
      throw error
    } catch {
      throw Refusal(.failed, "deleting orphans of \(name.member) failed: \(error)")
    }
    if deleted > 0 {
      logger.notice(
        "orphaned snapshots deleted", metadata: ["member": "\(name.member)", "count": "\(deleted)"])
    }
    return deleted
  }

  private func deleteOrphan(of volume: VolumeHandle, name: String, _ driver: CSIDriver)
    async throws -> Int
  {
    let before = try await driver.inspect().listsSnapshots ? driver.snapshots(of: volume) : []
    let found: CSISnapshot
    do throws(CSIError) {
      found = try await driver.createSnapshot(named: name, of: volume)
    } catch {
      // Without the volume, and without a snapshot of this name, there is nothing to delete.
      if error.code == .notFound { return 0 }
      throw error
    }
    try await driver.deleteSnapshot(found.handle)
    return before.contains(found.handle) ? 1 : 0
  }

  private func deleteGroupOrphan(_ members: [MemberVolume], name: String, _ driver: CSIDriver)
    async throws -> Int
  {
    var handles: [VolumeHandle] = []
    var before: Set<SnapshotHandle> = []
    for (handle, _) in Self.byVolume(members) {
      handles.append(handle)
      if try await driver.inspect().listsSnapshots {
        before.formUnion(try await driver.snapshots(of: handle))
      }
    }
    let found: [CSISnapshot]
    do throws(CSIError) {
      found = try await driver.createGroup(named: name, of: handles)
    } catch {
      if error.code == .notFound { return 0 }
      throw error
    }
    guard let group = found.first?.group else { return 0 }
    try await driver.deleteGroup(group, known: found.first?.handle)
    return found.filter { before.contains($0.handle) }.count
  }
}
