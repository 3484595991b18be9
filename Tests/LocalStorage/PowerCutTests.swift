import CSIWire
import Foundation
import LinuxSystem
import LocalStorage
import StorageTesting
import Testing

/// What the pool's device holds at the moment of an answer is what a power cut would leave, as far as the filesystem
/// has handed it over; what the kernel still keeps in memory is lost.
@Suite(.enabled(if: TestStorage.isPossible), .serialized)
struct PowerCutTests {
  @Test func `snapshots that were answered together are on the device, with all their content`()
    async throws
  {
    try await TestStorage.with { storage in
      try await storage.connected { client in
        let calls = TestCalls(client)
        var mounts: [(volume: String, path: String)] = []
        for index in 0..<4 {
          let volume = try await calls.createVolume("data-\(index)", bytes: 16 << 20)
          let place = "\(storage.directory)/v\(index)"
          mounts.append((volume.volumeID, try await calls.publish(volume.volumeID, in: place)))
        }
        for round in 0..<2 {
          for mount in mounts {
            let content = Data((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ round) })
            try content.write(to: URL(filePath: "\(mount.path)/file-\(round)"))
          }
          let copy = "\(storage.directory)/cut-\(round).img"
          let handles = try mounts.map { try DescriptorHandle.directory($0.path) }
          try await whileFrozen(handles) {
            try await withThrowingTaskGroup(of: Void.self) { group in
              for (index, mount) in mounts.enumerated() {
                group.addTask {
                  _ = try await calls.createSnapshot("s-\(round)-\(index)", of: mount.volume)
                }
              }
              try await group.waitForAll()
            }
            // The device's own content: the pool's filesystem has not been asked to write anything since.
            try await succeed("cp", ["--sparse=always", storage.poolFile.file, copy])
          }
          try await compare(copy, with: storage)
        }
        for (index, mount) in mounts.enumerated() {
          try await calls.unpublish(mount.volume, in: "\(storage.directory)/v\(index)")
        }
      }
    }
  }

  private func compare(_ copy: String, with storage: TestStorage) async throws {
    let place = copy + ".mounted"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    try await succeed("mount", ["-o", "loop,nouuid", copy, place])
    let difference = try await TestStorage.run(
      "diff", ["-r", "\(storage.pool)/snapshots", "\(place)/snapshots"])
    #expect(difference.succeeded, "\(difference.output)")
    let count = try FileManager.default.contentsOfDirectory(atPath: "\(place)/snapshots").count
    #expect(count > 0)
    try await succeed("umount", [place])
    try FileManager.default.removeItem(atPath: copy)
  }

  private func succeed(_ program: String, _ arguments: [String]) async throws {
    let result = try await TestStorage.run(program, arguments)
    try #require(result.succeeded, "\(program): \(result.output)")
  }

  private func whileFrozen(
    _ handles: [DescriptorHandle], _ body: () async throws -> Void
  ) async throws {
    for handle in handles { try FilesystemFreeze.freeze(handle, name: "a volume") }
    let failure = await failure(of: body)
    for handle in handles { try FilesystemFreeze.thaw(handle, name: "a volume") }
    if let failure { throw failure }
  }
}
