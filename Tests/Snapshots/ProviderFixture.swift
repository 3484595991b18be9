import CutProtocol
import Foundation
import LinuxSystem
import LocalStorage
import Logging
import Model
import Snapshots
import StorageTesting

/// The client under test, on the real driver.
struct ProviderFixture: Sendable {
  let storage: TestStorage
  let provider: CSISnapshotProvider
  var publisher: VolumePublisher { provider.publisher }
  var root: String { "\(storage.directory)/volumes" }

  static let driver = DriverName(accepted: DriverIdentity.name)

  static func configuration(_ socket: String) -> CSIDriverConfiguration {
    CSIDriverConfiguration(
      name: driver, socket: socket, secrets: ["password": Secret("hunter2")])
  }

  static func make(_ storage: TestStorage, limits: CSITimeLimits = CSITimeLimits()) throws
    -> ProviderFixture
  {
    let drivers = try CSIDrivers([configuration(storage.socket)], limits: limits)
    var logger = Logger(label: "test", factory: StreamLogHandler.standardError(label:))
    logger.logLevel = .critical
    return ProviderFixture(
      storage: storage, provider: CSISnapshotProvider(drivers: drivers, logger: logger))
  }

  /// The real driver serving, the client connected.
  static func with(
    limits: CSITimeLimits = CSITimeLimits(), _ body: (ProviderFixture) async throws -> Void
  ) async throws {
    try await TestStorage.with { storage in
      let fixture = try make(storage, limits: limits)
      try await storage.serve {
        try await fixture.connected { try await body(fixture) }
      }
    }
  }

  func connected<Value>(_ body: () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await provider.drivers.run() }
      do {
        let value = try await body()
        provider.drivers.stop()
        group.cancelAll()
        return value
      } catch {
        group.cancelAll()
        throw error
      }
    }
  }

  /// A published volume with a file in it.
  func volume(_ name: String, content: String = "original") async throws -> MemberVolume {
    let volume = try await publisher.create(
      name: name, driver: Self.driver, sizeBytes: 64 << 20, root: root)
    try write(content, to: volume)
    return MemberVolume(containerPath: "/data/\(name)", volume: volume)
  }

  func write(_ content: String, to volume: VolumeRef) throws {
    try content.write(toFile: "\(volume.publishedAt)/file", atomically: false, encoding: .utf8)
    let handle = try DescriptorHandle.directory(volume.publishedAt)
    try FilesystemFreeze.synchronize(handle, name: volume.publishedAt)
  }

  func content(of volume: VolumeRef) throws -> String {
    try String(contentsOfFile: "\(volume.publishedAt)/file", encoding: .utf8)
  }

  static func name(_ counter: UInt64 = 1) -> SnapshotName {
    SnapshotName(
      fence: Fence(epoch: 1, cut: counter, attempt: 1), member: ServiceName(accepted: "orders"),
      hold: HoldID(boot: "01234567-89ab", incarnation: 1, counter: counter),
      backup: BackupID(accepted: "b-\(counter)"))
  }

  func cut(_ volumes: [MemberVolume], counter: UInt64 = 1) async throws -> [SnapshotRecord] {
    let start = ContinuousClock.now
    return try await provider.cut(volumes, name: Self.name(counter)) { ContinuousClock.now - start }
  }

  /// How many snapshots the pool holds.
  func snapshotCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "\(storage.pool)/snapshots")
      .filter { $0.hasSuffix(".img") }.count
  }
}
