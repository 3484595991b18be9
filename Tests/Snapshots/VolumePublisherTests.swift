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
struct VolumePublisherTests {
  @Test func `a published volume is found from any path inside it`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      let path = member.volume.publishedAt
      let deep = "\(path)/pgdata/base"
      try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
      for place in [path, "\(path)/", deep] {
        #expect(try await fixture.provider.volume(at: place) == member.volume)
      }
      // A part of the volume, mounted elsewhere, as a pod's subPath is.
      let part = "\(fixture.storage.directory)/subpath"
      try FileManager.default.createDirectory(atPath: part, withIntermediateDirectories: true)
      try Mounts.bind("\(path)/pgdata", at: part, readOnly: false)
      #expect(try await fixture.provider.volume(at: part) == member.volume)
      try Mounts.unmount(part)
      #expect(try await fixture.provider.volume(at: "/") == nil)
      #expect(try await fixture.provider.volume(at: fixture.storage.directory) == nil)
    }
  }

  @Test func `volumes are published again after a reboot`() async throws {
    try await TestStorage.with { storage in
      let fixture = try ProviderFixture.make(storage)
      try await fixture.connected {
        let member = try await storage.serve { try await fixture.volume("orders") }
        try await storage.loseMounts()
        try await storage.serve { () async throws in
          #expect(try fixture.publisher.list(root: fixture.root).map(\.isMounted) == [false])
          // The client finds the driver's new socket at its own pace.
          var published: [VolumePublisher.Published] = []
          for _ in 0..<10 where published.isEmpty {
            published = (try? await fixture.publisher.republishAll(root: fixture.root)) ?? []
          }
          #expect(published.map(\.isMounted) == [true])
          #expect(try fixture.content(of: member.volume) == "original")
        }
      }
    }
  }

  @Test func `a volume is made once and deleted with its directory`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      let again = try await fixture.publisher.create(
        name: "orders", driver: ProviderFixture.driver, sizeBytes: 64 << 20, root: fixture.root)
      #expect(again == member.volume)
      try await fixture.publisher.delete(name: "orders", root: fixture.root)
      #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.root) == [])
      await #expect(throws: Refusal.self) {
        try await fixture.publisher.delete(name: "orders", root: fixture.root)
      }
      await #expect(throws: Refusal.self) {
        _ = try await fixture.publisher.create(
          name: "../x", driver: ProviderFixture.driver, sizeBytes: 1 << 30, root: fixture.root)
      }
      await #expect(throws: Refusal.self) {
        _ = try await fixture.publisher.create(
          name: "x", driver: DriverName(accepted: "no.such.driver"), sizeBytes: 1 << 30,
          root: fixture.root)
      }
    }
  }
}
