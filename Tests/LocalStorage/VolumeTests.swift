import CSIWire
import Foundation
import GRPCCore
import LinuxSystem
import LocalStorage
import StorageTesting
import SwiftProtobuf
import Testing

@Suite(.enabled(if: TestStorage.isPossible), .serialized)
struct VolumeTests {
  @Test(arguments: ["ext4", "xfs"])
  func `a volume lives from creation to deletion`(filesystem: String) async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let place = "\(storage.directory)/v"
        let bytes: Int64 = filesystem == "xfs" ? 400 << 20 : 64 << 20
        let volume = try await calls.createVolume("data", bytes: bytes, filesystem: filesystem)
        #expect(volume.capacityBytes == bytes)
        #expect(volume.accessibleTopology.first?.segments == [DriverIdentity.topologyKey: "node-1"])
        let mount = try await calls.publish(volume.volumeID, in: place)
        // Every step may be repeated.
        try await calls.publish(volume.volumeID, in: place)
        let entry = try #require(try MountTable.read().mount(at: mount))
        #expect(entry.fileSystem == filesystem)
        try "hello".write(toFile: "\(mount)/greeting", atomically: true, encoding: .utf8)

        #expect(await code { try await calls.deleteVolume(volume.volumeID) } == .failedPrecondition)
        let early = await code {
          _ = try await calls.node.nodeUnstageVolume(
            .with {
              $0.volumeID = volume.volumeID
              $0.stagingTargetPath = "\(place)/stage"
            })
        }
        #expect(early == .failedPrecondition)
        #expect(
          await code { try await calls.publish(volume.volumeID, in: place, readOnly: true) }
            == .alreadyExists)
        let stats = try await calls.node.nodeGetVolumeStats(
          .with {
            $0.volumeID = volume.volumeID
            $0.volumePath = mount
          })
        #expect(stats.usage.map(\.unit) == [.bytes, .inodes])
        #expect(stats.usage.allSatisfy { $0.total > 0 && $0.used > 0 && $0.available > 0 })

        try await calls.unpublish(volume.volumeID, in: place)
        try await calls.unpublish(volume.volumeID, in: place)
        #expect(!FileManager.default.fileExists(atPath: mount))
        let again = try await calls.publish(volume.volumeID, in: place, readOnly: true)
        #expect(try String(contentsOfFile: "\(again)/greeting", encoding: .utf8) == "hello")
        #expect(try MountTable.read().mount(at: again)?.isReadOnly == true)
        try await calls.unpublish(volume.volumeID, in: place)
        try await calls.deleteVolume(volume.volumeID)
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: "\(storage.pool)/volumes") == [])
      }
    }
  }

  @Test func `a restarted driver knows its volumes and what is mounted`() async throws {
    try await TestStorage.with { storage in
      let place = "\(storage.directory)/v"
      let (volume, snapshot) = try await storage.connected { client in
        let calls = TestCalls(client)
        let volume = try await calls.createVolume("data")
        let mount = try await calls.publish(volume.volumeID, in: place)
        try "kept".write(toFile: "\(mount)/file", atomically: true, encoding: .utf8)
        return (volume, try await calls.createSnapshot("s", of: volume.volumeID))
      }
      try await storage.connected { client in
        let calls = TestCalls(client)
        #expect(try await calls.createVolume("data") == volume)
        #expect(try await calls.createSnapshot("s", of: volume.volumeID) == snapshot)
        #expect(await code { try await calls.deleteVolume(volume.volumeID) } == .failedPrecondition)
        let mount = try await calls.publish(volume.volumeID, in: place)
        #expect(try String(contentsOfFile: "\(mount)/file", encoding: .utf8) == "kept")
        let mounts = try MountTable.read().entries.filter { $0.mountPoint == mount }
        #expect(mounts.count == 1)
        try await calls.unpublish(volume.volumeID, in: place)
        try await calls.deleteVolume(volume.volumeID)
      }
    }
  }

  @Test func `volumes come back after a reboot`() async throws {
    try await TestStorage.with { storage in
      let place = "\(storage.directory)/v"
      let volume = try await storage.connected { client in
        let calls = TestCalls(client)
        let volume = try await calls.createVolume("data")
        let mount = try await calls.publish(volume.volumeID, in: place)
        try "kept".write(toFile: "\(mount)/file", atomically: true, encoding: .utf8)
        return volume
      }
      try await storage.loseMounts()
      try await storage.connected { client in
        let calls = TestCalls(client)
        let mount = try await calls.publish(volume.volumeID, in: place)
        #expect(try String(contentsOfFile: "\(mount)/file", encoding: .utf8) == "kept")
        try await calls.unpublish(volume.volumeID, in: place)
      }
    }
  }

  @Test func `lists come in pages that bear changes in between`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        var ids: [String] = []
        for index in 0..<4 {
          ids.append(try await calls.createVolume("v\(index)", bytes: 16 << 20).volumeID)
        }
        let first = try await calls.controller.listVolumes(.with { $0.maxEntries = 2 })
        #expect(first.entries.map(\.volume.volumeID) == Array(ids[..<2]))
        // The last of the first page goes, one more comes.
        try await calls.deleteVolume(ids[1])
        ids.append(try await calls.createVolume("v4", bytes: 16 << 20).volumeID)
        let rest = try await calls.controller.listVolumes(
          .with { $0.startingToken = first.nextToken })
        #expect(rest.entries.map(\.volume.volumeID) == Array(ids[2...]))
        #expect(rest.nextToken.isEmpty)
        let wrong = await code {
          _ = try await calls.controller.listVolumes(.with { $0.startingToken = "invalid" })
        }
        #expect(wrong == .aborted)
      }
    }
  }

  @Test(arguments: ["ext4", "xfs"])
  func `a volume grows with its content`(filesystem: String) async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let place = "\(storage.directory)/v"
        let small: Int64 = filesystem == "xfs" ? 400 << 20 : 64 << 20
        let volume = try await calls.createVolume("data", bytes: small, filesystem: filesystem)
        let grown = try await calls.controller.controllerExpandVolume(
          .with {
            $0.volumeID = volume.volumeID
            $0.capacityRange.requiredBytes = small * 2
          })
        #expect(grown.capacityBytes == small * 2)
        #expect(grown.nodeExpansionRequired)
        let mount = try await calls.publish(volume.volumeID, in: place)
        let answer = try await calls.node.nodeExpandVolume(
          .with {
            $0.volumeID = volume.volumeID
            $0.volumePath = mount
          })
        #expect(answer.capacityBytes == small * 2)
        let stats = try await calls.node.nodeGetVolumeStats(
          .with {
            $0.volumeID = volume.volumeID
            $0.volumePath = mount
          })
        #expect(stats.usage[0].total > small)
        try await calls.unpublish(volume.volumeID, in: place)
      }
    }
  }

  @Test func `a single-writer volume is published at one path only`() async throws {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        let place = "\(storage.directory)/v"
        let volume = try await calls.createVolume("data")
        try await calls.publish(volume.volumeID, in: place)
        let second = await code {
          _ = try await calls.node.nodePublishVolume(
            .with {
              $0.volumeID = volume.volumeID
              $0.stagingTargetPath = "\(place)/stage"
              $0.targetPath = "\(place)/second"
              $0.volumeCapability.mount = .init()
              $0.volumeCapability.accessMode.mode = .singleNodeSingleWriter
            })
        }
        #expect(second == .failedPrecondition)
        try await calls.unpublish(volume.volumeID, in: place)
      }
    }
  }

  @Test func `what an unanswered call left is removed at the next start`() async throws {
    try await TestStorage.with { storage in
      try await storage.serve {}
      let left = "\(storage.pool)/snapshots/snap-unanswered.img"
      #expect(FileManager.default.createFile(atPath: left, contents: Data([1])))
      try await storage.connected { client in
        let listed = try await TestCalls(client).controller.listSnapshots(.init())
        #expect(listed.entries.isEmpty)
      }
      #expect(!FileManager.default.fileExists(atPath: left))
    }
  }

  @Test func `a damaged record is named, and nothing is removed`() async throws {
    try await TestStorage.with { storage in
      let volume = try await storage.connected { try await TestCalls($0).createVolume("data") }
      let document = "\(storage.pool)/volumes/\(volume.volumeID).json"
      try "{".write(toFile: document, atomically: true, encoding: .utf8)
      let error = await #expect(throws: StorageError.self) { try await storage.serve {} }
      #expect(error?.description.contains(document) == true)
      #expect(
        FileManager.default.fileExists(atPath: "\(storage.pool)/volumes/\(volume.volumeID).img"))
    }
  }

  @Test func `a pool serves one driver at a time`() async throws {
    try await TestStorage.with { storage in
      try await storage.serve {
        let error = await failure(of: { _ = try await Pool.open(storage.pool) })
        #expect((error as? StorageError)?.code == .failedPrecondition)
      }
    }
  }

  @Test func `a filesystem that cannot clone is refused as a pool`() async throws {
    let plain = "/dev/shm/sp-csi-plain-\(UUID())"
    try FileManager.default.createDirectory(atPath: plain, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: plain) }
    let error = await #expect(throws: StorageError.self) { _ = try await Pool.open(plain) }
    #expect(error?.code == .failedPrecondition)
  }
}
