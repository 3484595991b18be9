import CSIWire
import Foundation
import GRPCCore
import LinuxSystem
import LocalStorage
import StorageTesting
import SwiftProtobuf
import Testing

@Suite(.enabled(if: TestStorage.isPossible), .serialized)
struct SnapshotTests {
  @Test(arguments: ["ext4", "xfs"])
  func `a snapshot of a frozen filesystem is clean and has its content`(filesystem: String)
    async throws
  {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let place = "\(storage.directory)/v"
        let bytes: Int64 = filesystem == "xfs" ? 400 << 20 : 64 << 20
        let volume = try await calls.createVolume("data", bytes: bytes, filesystem: filesystem)
        let mount = try await calls.publish(volume.volumeID, in: place)
        // Not synced: the freeze is what brings it to the device.
        try "before".write(toFile: "\(mount)/file", atomically: false, encoding: .utf8)
        let snapshot = try await frozen(mount) {
          try await calls.createSnapshot("s", of: volume.volumeID)
        }
        try "after".write(toFile: "\(mount)/file", atomically: false, encoding: .utf8)
        #expect(snapshot.readyToUse)
        #expect(snapshot.sizeBytes == bytes)
        if filesystem == "ext4" {
          let check = try await TestStorage.run(
            "e2fsck", ["-n", "-f", "\(storage.pool)/snapshots/\(snapshot.snapshotID).img"])
          #expect(check.succeeded, "\(check.output)")
        }
        let copy = try await calls.createVolume(
          "copy", bytes: 0, snapshot: snapshot.snapshotID)
        #expect(copy.contentSource.snapshot.snapshotID == snapshot.snapshotID)
        // Both are mounted at once, though they have one UUID.
        let other = try await calls.publish(copy.volumeID, in: "\(storage.directory)/copy")
        #expect(try String(contentsOfFile: "\(other)/file", encoding: .utf8) == "before")
        #expect(try String(contentsOfFile: "\(mount)/file", encoding: .utf8) == "after")
        try await calls.unpublish(copy.volumeID, in: "\(storage.directory)/copy")
        // The original, which shares blocks now, can be mounted again.
        try await calls.unpublish(volume.volumeID, in: place)
        try await calls.publish(volume.volumeID, in: place)
        #expect(try String(contentsOfFile: "\(mount)/file", encoding: .utf8) == "after")
        try await calls.unpublish(volume.volumeID, in: place)
      }
    }
  }

  /// Runs `body` while the filesystem is frozen, and thaws it in every case.
  private func frozen<Value>(_ path: String, _ body: () async throws -> Value) async throws -> Value
  {
    let handle = try DescriptorHandle.directory(path)
    try FilesystemFreeze.freeze(handle, name: path)
    let result: Result<Value, any Error>
    do {
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    try FilesystemFreeze.thaw(handle, name: path)
    return try result.get()
  }

  @Test func `a snapshot outlives its volume`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let place = "\(storage.directory)/v"
        let volume = try await calls.createVolume("data")
        let mount = try await calls.publish(volume.volumeID, in: place)
        try "kept".write(toFile: "\(mount)/file", atomically: false, encoding: .utf8)
        try await calls.unpublish(volume.volumeID, in: place)
        let snapshot = try await calls.createSnapshot("s", of: volume.volumeID)
        try await calls.deleteVolume(volume.volumeID)
        #expect(try await calls.createSnapshot("s", of: volume.volumeID) == snapshot)
        // Larger than the source: the filesystem grows into it.
        let copy = try await calls.createVolume(
          "copy", bytes: 128 << 20, snapshot: snapshot.snapshotID)
        let other = try await calls.publish(copy.volumeID, in: "\(storage.directory)/copy")
        #expect(try String(contentsOfFile: "\(other)/file", encoding: .utf8) == "kept")
        let stats = try await calls.node.nodeGetVolumeStats(
          .with {
            $0.volumeID = copy.volumeID
            $0.volumePath = other
          })
        #expect(stats.usage[0].total > 100 << 20)
        // The snapshot may go while the volume that was made from it is in use.
        _ = try await calls.controller.deleteSnapshot(.with { $0.snapshotID = snapshot.snapshotID })
        #expect(try String(contentsOfFile: "\(other)/file", encoding: .utf8) == "kept")
        try await calls.unpublish(copy.volumeID, in: "\(storage.directory)/copy")
      }
    }
  }

  @Test func `a volume can be copied`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let volume = try await calls.createVolume("data")
        let mount = try await calls.publish(volume.volumeID, in: "\(storage.directory)/v")
        try "kept".write(toFile: "\(mount)/file", atomically: false, encoding: .utf8)
        try await calls.unpublish(volume.volumeID, in: "\(storage.directory)/v")
        let copy = try await calls.createVolume("copy", volume: volume.volumeID)
        let other = try await calls.publish(copy.volumeID, in: "\(storage.directory)/copy")
        #expect(try String(contentsOfFile: "\(other)/file", encoding: .utf8) == "kept")
        try await calls.unpublish(copy.volumeID, in: "\(storage.directory)/copy")
        #expect(
          await code {
            _ = try await calls.createVolume("other", filesystem: "xfs", volume: volume.volumeID)
          } == .invalidArgument)
      }
    }
  }

  @Test func `a group is cut and deleted as one`() async throws {
    try await TestStorage.with { storage in
      let (group, volumes) = try await storage.connected { client in
        let calls = TestCalls(client)
        var volumes: [String] = []
        for name in ["a", "b", "c"] {
          volumes.append(try await calls.createVolume(name, bytes: 16 << 20).volumeID)
        }
        let sources = volumes
        let group = try await calls.group.createVolumeGroupSnapshot(
          .with {
            $0.name = "g"
            $0.sourceVolumeIds = sources
          }
        ).groupSnapshot
        return (group, volumes)
      }
      #expect(Set(group.snapshots.map(\.sourceVolumeID)) == Set(volumes))
      #expect(group.snapshots.allSatisfy { $0.groupSnapshotID == group.groupSnapshotID })
      try await storage.connected { client in
        let calls = TestCalls(client)
        let ids = group.snapshots.map(\.snapshotID)
        let found = try await calls.group.getVolumeGroupSnapshot(
          .with {
            $0.groupSnapshotID = group.groupSnapshotID
            $0.snapshotIds = ids
          })
        #expect(found.groupSnapshot == group)
        let alone = await code {
          _ = try await calls.controller.deleteSnapshot(.with { $0.snapshotID = ids[0] })
        }
        #expect(alone == .failedPrecondition)
        let mismatch = await code {
          _ = try await calls.group.deleteVolumeGroupSnapshot(
            .with {
              $0.groupSnapshotID = group.groupSnapshotID
              $0.snapshotIds = [ids[0]]
            })
        }
        #expect(mismatch == .invalidArgument)
        #expect(try await calls.controller.listSnapshots(.init()).entries.count == 3)
        _ = try await calls.group.deleteVolumeGroupSnapshot(
          .with {
            $0.groupSnapshotID = group.groupSnapshotID
            $0.snapshotIds = ids
          })
        #expect(try await calls.controller.listSnapshots(.init()).entries.isEmpty)
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: "\(storage.pool)/snapshots") == [])
      }
    }
  }

  @Test func `calls with one name at the same time make one snapshot`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let volume = try await calls.createVolume("data").volumeID
        let answers = await withTaskGroup(of: Result<String, any Error>.self) { group in
          for _ in 0..<8 {
            group.addTask {
              do {
                return .success(try await calls.createSnapshot("s", of: volume).snapshotID)
              } catch {
                return .failure(error)
              }
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
        var ids: Set<String> = []
        for answer in answers {
          switch answer {
          case .success(let id): ids.insert(id)
          case .failure(let error): #expect((error as? RPCError)?.code == .aborted)
          }
        }
        #expect(ids.count == 1)
        let listed = try await calls.controller.listSnapshots(.with { $0.sourceVolumeID = volume })
        #expect(Set(listed.entries.map(\.snapshot.snapshotID)) == ids)
      }
    }
  }

  @Test func `snapshots are listed by volume, by ID and in pages`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let one = try await calls.createVolume("one", bytes: 16 << 20).volumeID
        let two = try await calls.createVolume("two", bytes: 16 << 20).volumeID
        var ids: [String] = []
        for (index, volume) in [one, two, one].enumerated() {
          ids.append(try await calls.createSnapshot("s\(index)", of: volume).snapshotID)
        }
        func list(_ change: (inout Csi_V1_ListSnapshotsRequest) -> Void) async throws -> [String] {
          var request = Csi_V1_ListSnapshotsRequest()
          change(&request)
          return try await calls.controller.listSnapshots(request).entries.map(
            \.snapshot.snapshotID)
        }
        #expect(try await list { _ in } == ids)
        #expect(try await list { $0.sourceVolumeID = one } == [ids[0], ids[2]])
        #expect(try await list { $0.snapshotID = ids[1] } == [ids[1]])
        #expect(try await list { $0.snapshotID = "none" } == [])
        #expect(try await list { $0.maxEntries = 2 } == Array(ids[..<2]))
      }
    }
  }
}
