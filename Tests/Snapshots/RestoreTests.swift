import AgentCore
import CutProtocol
import Foundation
import LinuxSystem
import LocalStorage
import Model
import Snapshots
import StorageTesting
import Testing

@Suite(.enabled(if: TestStorage.isPossible), .serialized)
struct RestoreTests {
  private func order(_ record: SnapshotRecord, _ place: VolumeRestore.Place, id: String = "r-1")
    -> VolumeRestore
  {
    VolumeRestore(restore: RestoreID(accepted: id), source: record, place: place)
  }

  @Test func `a restore in place brings the content back and keeps the old volume`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      let record = try #require(try await fixture.cut([member]).first)
      try fixture.write("destroyed", to: member.volume)
      let restored = try await fixture.provider.restore(order(record, .original))
      #expect(restored.publishedAt == member.volume.publishedAt)
      #expect(restored.handle != member.volume.handle)
      #expect(try fixture.content(of: restored) == "original")
      #expect(try await fixture.provider.volume(at: "\(restored.publishedAt)") == restored)
      let listed = try fixture.publisher.list(root: fixture.root)
      #expect(listed.map(\.handle) == [restored.handle])
      #expect(listed.map(\.previous) == [member.volume.handle])
      #expect(
        FileManager.default.fileExists(
          atPath: "\(fixture.storage.pool)/volumes/\(member.volume.handle).img"))
      // Repeated, it is the same restore; under another ID it is a new one.
      #expect(try await fixture.provider.restore(order(record, .original)) == restored)
      let second = try await fixture.provider.restore(order(record, .original, id: "r-2"))
      #expect(second.handle != restored.handle)
      #expect(try fixture.content(of: second) == "original")
    }
  }

  @Test func `a restore beside leaves the original alone`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      let record = try #require(try await fixture.cut([member]).first)
      try fixture.write("newer", to: member.volume)
      let place = "\(fixture.storage.directory)/inspect"
      let restored = try await fixture.provider.restore(order(record, .beside(directory: place)))
      #expect(restored.publishedAt == "\(place)/\(member.volume.handle)/mount")
      #expect(try fixture.content(of: restored) == "original")
      #expect(try fixture.content(of: member.volume) == "newer")
      #expect(
        try await fixture.provider.restore(order(record, .beside(directory: place))) == restored)
      await #expect(throws: Refusal.self) {
        _ = try await fixture.provider.restore(
          order(record, .beside(directory: place), id: "r-2"))
      }
    }
  }

  @Test func `a volume that a container has is not replaced`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      let record = try #require(try await fixture.cut([member]).first)
      let path = member.volume.publishedAt
      let target = "\(fixture.storage.directory)/inside"
      try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
      // What a runtime does: a mount namespace of its own, with the volume somewhere in it. The
      // shell speaks and stays, so the holder's name does not change while it is looked for.
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
      process.arguments = [
        "-m", "--propagation", "private", "sh", "-c",
        "mount --bind '\(path)' '\(target)' && echo ready && read -r end",
      ]
      let output = Pipe()
      let input = Pipe()
      process.standardOutput = output
      process.standardInput = input
      try process.run()
      defer {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
      }
      #expect(output.fileHandleForReading.availableData.starts(with: Data("ready".utf8)))
      let refusal = await #expect(throws: Refusal.self) {
        _ = try await fixture.provider.restore(order(record, .original))
      }
      #expect(refusal?.code == .hazard)
      #expect(refusal?.message.contains("sh") == true)
      #expect(try fixture.content(of: member.volume) == "original")
      await #expect(throws: Refusal.self) {
        try await fixture.publisher.delete(name: "orders", root: fixture.root)
      }
    }
  }

  @Test func `a volume with open files stays published`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      let record = try #require(try await fixture.cut([member]).first)
      let open = try #require(FileHandle(forReadingAtPath: "\(member.volume.publishedAt)/file"))
      await #expect(throws: Refusal.self) {
        _ = try await fixture.provider.restore(order(record, .original))
      }
      #expect(try fixture.content(of: member.volume) == "original")
      #expect(try await fixture.provider.volume(at: member.volume.publishedAt) == member.volume)
      try open.close()
      _ = try await fixture.provider.restore(order(record, .original))
    }
  }

  @Test func `a restore that broke off goes on`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      let record = try #require(try await fixture.cut([member]).first)
      let drivers = fixture.provider.drivers
      let driver = try drivers.driver(ProviderFixture.driver)
      let directory = "\(fixture.root)/orders"
      // Broke off after the old volume was unpublished: it is still the one described.
      try await driver.unpublish(
        member.volume.handle, staging: "\(directory)/stage", target: "\(directory)/mount")
      let restored = try await fixture.provider.restore(order(record, .original))
      #expect(try fixture.content(of: restored) == "original")
      // Broke off after the exchange: the new one is described but not published.
      try await driver.unpublish(
        restored.handle, staging: "\(directory)/stage", target: "\(directory)/mount")
      #expect(try await fixture.provider.restore(order(record, .original)) == restored)
      #expect(try fixture.content(of: restored) == "original")
    }
  }

  @Test func `a volume that kubelet published is only restored beside`() async throws {
    try await ProviderFixture.with { fixture in
      let driver = try fixture.provider.drivers.driver(ProviderFixture.driver)
      let volume = try await driver.createVolume(CSIVolumeOrder(name: "pvc-1", sizeBytes: 64 << 20))
      let pod = "\(fixture.storage.directory)/pods/u/volumes/kubernetes.io~csi/pvc-1"
      try FileManager.default.createDirectory(atPath: pod, withIntermediateDirectories: true)
      try await driver.publish(
        volume.handle, context: volume.context, filesystem: "",
        staging: "\(fixture.storage.directory)/globalmount", target: "\(pod)/mount")
      let document =
        #"{"attachmentID":"a","driverName":"\#(ProviderFixture.driver)","nodeName":"n","specVolID":"pvc-1","volumeHandle":"\#(volume.handle)","volumeLifecycleMode":"Persistent"}"#
      try document.write(toFile: "\(pod)/vol_data.json", atomically: true, encoding: .utf8)
      let found = try #require(try await fixture.provider.volume(at: "\(pod)/mount"))
      #expect(found.handle == volume.handle)
      let member = MemberVolume(containerPath: "/data", volume: found)
      let record = try #require(try await fixture.cut([member]).first)
      let refusal = await #expect(throws: Refusal.self) {
        _ = try await fixture.provider.restore(order(record, .original))
      }
      #expect(refusal?.code == .hazard)
      try await driver.unpublish(
        volume.handle, staging: "\(fixture.storage.directory)/globalmount", target: "\(pod)/mount")
    }
  }
}
