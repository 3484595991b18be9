internal import CSIWire
internal import GRPCCore
package import Model
internal import SwiftProtobuf

/// A snapshot as a driver describes it.
package struct CSISnapshot: Hashable, Sendable {
  package var handle: SnapshotHandle
  package var source: VolumeHandle
  package var group: SnapshotHandle?
  package var sizeBytes: Int64
  package var createdAt: Timestamp
  package var readyToUse: Bool
}

extension CSIDriver {
  /// Cuts one volume; the same name always gives the same snapshot.
  package func createSnapshot(named name: String, of volume: VolumeHandle) async throws(CSIError)
    -> CSISnapshot
  {
    let (client, configuration) = (controller, configuration)
    let start = ContinuousClock.now
    let answer = try await connection.call("CreateSnapshot", within: limits.cut) { options in
      try await client.createSnapshot(
        .with {
          $0.name = name
          $0.sourceVolumeID = volume.text
          $0.secrets = configuration.wireSecrets
          $0.parameters = configuration.snapshotParameters
        }, options: options)
    }
    noteCut(ContinuousClock.now - start)
    return try snapshot(answer.snapshot, of: volume, by: "CreateSnapshot")
  }

  /// Cuts several volumes by one call; the snapshots come in the order of `volumes`.
  package func createGroup(named name: String, of volumes: [VolumeHandle])
    async throws(CSIError) -> [CSISnapshot]
  {
    let (client, configuration) = (groupController, configuration)
    let start = ContinuousClock.now
    let answer = try await connection.call("CreateVolumeGroupSnapshot", within: limits.cut) {
      options in
      try await client.createVolumeGroupSnapshot(
        .with {
          $0.name = name
          $0.sourceVolumeIds = volumes.map(\.text)
          $0.secrets = configuration.wireSecrets
          $0.parameters = configuration.snapshotParameters
        }, options: options)
    }
    noteCut(ContinuousClock.now - start)
    let group = answer.groupSnapshot
    var snapshots: [CSISnapshot] = []
    for volume in volumes {
      guard let member = group.snapshots.first(where: { $0.sourceVolumeID == volume.text }) else {
        throw malformed(
          "CreateVolumeGroupSnapshot", "the group has no snapshot of volume \(volume)")
      }
      var snapshot = try snapshot(member, of: volume, by: "CreateVolumeGroupSnapshot")
      snapshot.group = try handle(group.groupSnapshotID, by: "CreateVolumeGroupSnapshot")
      snapshots.append(snapshot)
    }
    return snapshots
  }

  /// Deletes a snapshot; one that is not there counts as deleted.
  package func deleteSnapshot(_ snapshot: SnapshotHandle) async throws(CSIError) {
    let (client, configuration) = (controller, configuration)
    do {
      _ = try await connection.call("DeleteSnapshot", within: limits.change) { options in
        try await client.deleteSnapshot(
          .with {
            $0.snapshotID = snapshot.text
            $0.secrets = configuration.wireSecrets
          }, options: options)
      }
    } catch {
      guard error.code == .notFound else { throw error }
    }
  }

  /// Deletes a group snapshot with all its members; one that is not there counts as deleted.
  ///
  /// - Parameter known: a member, for drivers that cannot say which a group has.
  package func deleteGroup(_ group: SnapshotHandle, known: SnapshotHandle?) async throws(CSIError) {
    guard let members = try await members(of: group, known: known) else { return }
    let (client, configuration) = (groupController, configuration)
    do {
      _ = try await connection.call("DeleteVolumeGroupSnapshot", within: limits.change) { options in
        try await client.deleteVolumeGroupSnapshot(
          .with {
            $0.groupSnapshotID = group.text
            $0.snapshotIds = members
            $0.secrets = configuration.wireSecrets
          }, options: options)
      }
    } catch {
      guard error.code == .notFound else { throw error }
    }
  }

  /// The IDs of a group's snapshots, which deleting it must name; nil when there is no such group.
  private func members(of group: SnapshotHandle, known: SnapshotHandle?) async throws(CSIError)
    -> [String]?
  {
    let (client, configuration) = (groupController, configuration)
    do {
      let answer = try await connection.call("GetVolumeGroupSnapshot", within: limits.question) {
        options in
        try await client.getVolumeGroupSnapshot(
          .with {
            $0.groupSnapshotID = group.text
            $0.secrets = configuration.wireSecrets
          }, options: options)
      }
      return answer.groupSnapshot.snapshots.map(\.snapshotID)
    } catch {
      if error.code == .notFound { return nil }
      // Some drivers want the members named here too: then what is known must do.
      guard error.code == .invalidArgument else { throw error }
    }
    if try await inspect().listsSnapshots {
      let listed = try await listSnapshots(of: nil).filter { $0.groupSnapshotID == group.text }
      if !listed.isEmpty { return listed.map(\.snapshotID) }
    }
    return known.map { [$0.text] } ?? []
  }

  /// Every snapshot of a volume, or of all, that the driver lists.
  package func snapshots(of volume: VolumeHandle) async throws(CSIError) -> Set<SnapshotHandle> {
    var handles: Set<SnapshotHandle> = []
    for snapshot in try await listSnapshots(of: volume) {
      handles.insert(try handle(snapshot.snapshotID, by: "ListSnapshots"))
    }
    return handles
  }

  private func listSnapshots(of volume: VolumeHandle?) async throws(CSIError) -> [Csi_V1_Snapshot] {
    let (client, configuration) = (controller, configuration)
    var all: [Csi_V1_Snapshot] = []
    var token = ""
    // A driver that never ends its list is stopped here: 200 pages of 500.
    for _ in 0..<200 {
      let next = token
      let page = try await connection.call("ListSnapshots", within: limits.question) { options in
        try await client.listSnapshots(
          .with {
            $0.maxEntries = 500
            $0.startingToken = next
            $0.sourceVolumeID = volume?.text ?? ""
            $0.secrets = configuration.wireSecrets
          }, options: options)
      }
      all += page.entries.map(\.snapshot)
      token = page.nextToken
      if token.isEmpty { return all }
    }
    throw malformed("ListSnapshots", "the list does not end")
  }

  private func snapshot(_ wire: Csi_V1_Snapshot, of volume: VolumeHandle, by call: String)
    throws(CSIError) -> CSISnapshot
  {
    guard wire.sourceVolumeID == volume.text else {
      throw malformed(
        call, "the snapshot is of volume '\(wire.sourceVolumeID.prefix(80))', not of \(volume)")
    }
    // Whole milliseconds, as texts of times carry them.
    let milliseconds =
      wire.creationTime.seconds * 1_000 + Int64(wire.creationTime.nanos) / 1_000_000
    return CSISnapshot(
      handle: try handle(wire.snapshotID, by: call), source: volume,
      group: wire.groupSnapshotID.isEmpty ? nil : try handle(wire.groupSnapshotID, by: call),
      sizeBytes: wire.sizeBytes, createdAt: Timestamp(nanoseconds: milliseconds * 1_000_000),
      readyToUse: wire.readyToUse)
  }

  private func handle(_ text: String, by call: String) throws(CSIError) -> SnapshotHandle {
    do {
      return try SnapshotHandle(text)
    } catch {
      throw malformed(call, error.description)
    }
  }

  func malformed(_ call: String, _ what: String) -> CSIError {
    CSIError(call: call, driver: name.text, code: .internalError, message: what)
  }
}
