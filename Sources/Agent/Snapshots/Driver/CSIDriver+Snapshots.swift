internal import CSIWire
internal import GRPCCore
package import Model
internal import SwiftProtobuf

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
    noteCut(since: start)
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
    noteCut(since: start)
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
      let listed = try await listSnapshots(of: nil).filter { $0.group == group.text }
      if !listed.isEmpty { return listed.map(\.handle.text) }
    }
    return known.map { [$0.text] } ?? []
  }

  /// Every snapshot of a volume, or of all, that the driver lists.
  package func snapshots(of volume: VolumeHandle) async throws(CSIError) -> Set<SnapshotHandle> {
    var handles: Set<SnapshotHandle> = []
    for snapshot in try await listSnapshots(of: volume) { handles.insert(snapshot.handle) }
    return handles
  }

  /// Whether the driver still has a snapshot; nil for one that cannot say so.
  package func has(_ snapshot: SnapshotHandle) async throws(CSIError) -> Bool? {
    let (client, configuration) = (controller, configuration)
    let abilities = try await inspect()
    if abilities.getsSnapshots {
      do {
        let answer = try await connection.call("GetSnapshot", within: limits.question) { options in
          try await client.getSnapshot(
            .with {
              $0.snapshotID = snapshot.text
              $0.secrets = configuration.wireSecrets
            }, options: options)
        }
        return answer.snapshot.snapshotID == snapshot.text
      } catch {
        guard error.code == .notFound else { throw error }
        return false
      }
    }
    guard abilities.listsSnapshots else { return nil }
    let answer = try await connection.call("ListSnapshots", within: limits.question) { options in
      try await client.listSnapshots(
        .with {
          $0.snapshotID = snapshot.text
          $0.secrets = configuration.wireSecrets
        }, options: options)
    }
    return answer.entries.contains { $0.snapshot.snapshotID == snapshot.text }
  }

  private struct Listed: Sendable {
    var handle: SnapshotHandle
    var group: String
  }

  /// Longer lists are not believed: 200 pages of 500.
  private static let mostListed = 100_000

  private func listSnapshots(of volume: VolumeHandle?) async throws(CSIError) -> [Listed] {
    let (client, configuration) = (controller, configuration)
    var all: [Listed] = []
    var token = ""
    // A driver that never ends its list is stopped here.
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
      // Only names are kept: a page may be as large as a message.
      for entry in page.entries.lazy.map(\.snapshot) {
        all.append(
          Listed(
            handle: try handle(entry.snapshotID, by: "ListSnapshots"), group: entry.groupSnapshotID)
        )
      }
      guard all.count <= Self.mostListed else { break }
      token = page.nextToken
      if token.isEmpty { return all }
    }
    throw malformed("ListSnapshots", "the list does not end")
  }

  private func snapshot(_ wire: Csi_V1_Snapshot, of volume: VolumeHandle, by call: String)
    throws(CSIError) -> CSISnapshot
  {
    do {
      return try CSISnapshot(wire, of: volume)
    } catch {
      throw malformed(call, error.description)
    }
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
