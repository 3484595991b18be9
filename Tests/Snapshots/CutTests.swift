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
struct CutTests {
  @Test func `a cut is recorded with its times and made once per name`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      _ = try await fixture.provider.prepare([member])
      let records = try await fixture.cut([member])
      let record = try #require(records.first)
      #expect(records.count == 1)
      #expect(record.volume == member.volume)
      #expect(record.name == ProviderFixture.name().text(volume: member.volume.handle))
      #expect(record.group == nil)
      #expect(record.readyToUse)
      #expect(record.sizeBytes == 64 << 20)
      #expect(record.requested < record.acknowledged)
      #expect(try await fixture.cut([member]).map(\.handle) == [record.handle])
      #expect(try fixture.snapshotCount() == 1)

      try await fixture.provider.delete(
        driver: ProviderFixture.driver, snapshot: record.handle, group: nil)
      try await fixture.provider.delete(
        driver: ProviderFixture.driver, snapshot: record.handle, group: nil)
      #expect(try fixture.snapshotCount() == 0)
    }
  }

  @Test func `several volumes of one driver are cut as a group`() async throws {
    try await ProviderFixture.with { fixture in
      let members = [try await fixture.volume("data"), try await fixture.volume("log")]
      _ = try await fixture.provider.prepare(members)
      let records = try await fixture.cut(members)
      #expect(records.map(\.containerPath) == ["/data/data", "/data/log"])
      let group = try #require(records.first?.group)
      #expect(records.allSatisfy { $0.group == group })
      for record in records {
        try await fixture.provider.delete(
          driver: ProviderFixture.driver, snapshot: record.handle, group: group)
      }
      #expect(try fixture.snapshotCount() == 0)
    }
  }

  @Test func `a filesystem can be cut while it is frozen`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      let handle = try DescriptorHandle.directory(member.volume.publishedAt)
      try FilesystemFreeze.freeze(handle, name: "orders")
      let records: [SnapshotRecord]
      do {
        records = try await fixture.cut([member])
      } catch {
        try FilesystemFreeze.thaw(handle, name: "orders")
        throw error
      }
      try FilesystemFreeze.thaw(handle, name: "orders")
      #expect(records.count == 1)
    }
  }

  @Test func `what is still there is told from what is not, and from what nobody can tell`()
    async throws
  {
    try await ProviderFixture.with { fixture in
      let driver = ProviderFixture.driver
      let first = try await fixture.cut([try await fixture.volume("a")])[0].handle
      let second = try await fixture.cut([try await fixture.volume("b")], counter: 2)[0].handle
      let wanted =
        [first, second, SnapshotHandle(accepted: "never-taken")].map {
          SnapshotReference(driver: driver, snapshot: $0)
        } + [SnapshotReference(driver: DriverName(accepted: "csi.example.org"), snapshot: first)]
      let before = await fixture.provider.presence(of: wanted)
      #expect(before[..<3] == [.there, .there, .missing])
      #expect(!before[3].isKnown)
      try await fixture.provider.delete(driver: driver, snapshot: first, group: nil)
      #expect(await fixture.provider.presence(of: wanted)[..<3] == [.missing, .there, .missing])
    }
  }

  @Test func `orphans are found by name and deleted`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      let members = [member, try await fixture.volume("log")]
      _ = try await fixture.cut([member], counter: 1)
      _ = try await fixture.cut(members, counter: 2)
      let kept = try await fixture.cut([member], counter: 3)
      #expect(try fixture.snapshotCount() == 4)
      let provider = fixture.provider
      #expect(try await provider.deleteOrphans([member], name: ProviderFixture.name(1)) == 1)
      #expect(try await provider.deleteOrphans(members, name: ProviderFixture.name(2)) == 2)
      #expect(try await provider.deleteOrphans(members, name: ProviderFixture.name(2)) == 0)
      #expect(try fixture.snapshotCount() == 1)
      #expect(try await fixture.cut([member], counter: 3).map(\.handle) == kept.map(\.handle))
    }
  }

  @Test func `a driver that is away is refused in words, and found again when it is back`()
    async throws
  {
    try await TestStorage.with { storage in
      let limits = CSITimeLimits(
        question: .seconds(2), cut: .seconds(2), change: .seconds(20))
      let fixture = try ProviderFixture.make(storage, limits: limits)
      try await fixture.connected {
        let member = try await storage.serve { try await fixture.volume("orders") }
        let refusal = await #expect(throws: Refusal.self) { try await fixture.cut([member]) }
        #expect(refusal?.mayPass == true)
        #expect(refusal?.description.contains(ProviderFixture.driver.text) == true)
        await #expect(throws: Refusal.self) { _ = try await fixture.provider.prepare([member]) }
        try await storage.serve {
          // The client dials again by itself, at its own pace.
          var records: [SnapshotRecord] = []
          for _ in 0..<10 where records.isEmpty {
            records = (try? await fixture.cut([member])) ?? []
          }
          #expect(records.count == 1)
        }
      }
    }
  }

  @Test func `prepare refuses what cannot be cut`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      var moved = member
      moved.volume.handle = VolumeHandle(accepted: "vol-other")
      let refusal = await #expect(throws: Refusal.self) {
        _ = try await fixture.provider.prepare([moved])
      }
      #expect(refusal?.code == .moved)
      try await fixture.publisher.delete(name: "orders", root: fixture.root)
      await #expect(throws: Refusal.self) { _ = try await fixture.provider.prepare([member]) }
    }
  }

  @Test func `a driver with another name is refused`() async throws {
    try await TestStorage.with { storage in
      try await storage.serve {
        var configuration = ProviderFixture.configuration(storage.socket)
        configuration.name = DriverName(accepted: "other.example")
        let drivers = try CSIDrivers([configuration])
        let driver = try drivers.driver(configuration.name)
        let error = try await drivers.connected {
          await failure(of: { _ = try await driver.inspect() })
        }
        #expect("\(error, default: "none")".contains(DriverIdentity.name))
      }
    }
  }

  @Test func `secrets do not show themselves`() {
    let configuration = ProviderFixture.configuration("/run/x.sock")
    #expect(!"\(configuration)".contains("hunter2"))
    #expect(!String(reflecting: configuration).contains("hunter2"))
    var dumped = ""
    dump(configuration, to: &dumped)
    #expect(!dumped.contains("hunter2"))
  }

  @Test func `a cut through the client takes milliseconds`() async throws {
    try await ProviderFixture.with { fixture in
      let member = try await fixture.volume("orders")
      _ = try await fixture.provider.prepare([member])
      var times: [Duration] = []
      for counter in 1...41 {
        let start = ContinuousClock.now
        _ = try await fixture.cut([member], counter: UInt64(counter))
        times.append(ContinuousClock.now - start)
      }
      times.sort()
      print(
        "cut through the client: minimum \(times[0].shortText), median \(times[20].shortText), maximum \(times[40].shortText)"
      )
      // A bound that only a mistake breaks, not a slow machine.
      #expect(times[20] < .seconds(1))
    }
  }
}
