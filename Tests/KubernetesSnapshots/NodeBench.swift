import AgentCore
import ClusterTesting
import CutProtocol
import Foundation
import KubernetesClient
import LocalStorage
import Logging
import Model
import Snapshots
import StorageTesting

@testable import KubernetesSnapshots

/// A node of a cluster: claims that the cluster's controller cuts, and a CSI driver of the node's own.
struct NodeBench: Sendable {
  static let own = DriverName(accepted: DriverIdentity.name)

  let cluster: ClusterBench
  let storage: TestStorage
  let provider: NodeSnapshots

  static func with(_ body: @escaping @Sendable (NodeBench) async throws -> Void) async throws {
    try await ClusterBench.with { cluster in
      try await TestStorage.with { storage in
        var logger = Logger(label: "test", factory: StreamLogHandler.standardError(label:))
        logger.logLevel = .critical
        let drivers = try CSIDrivers(
          [CSIDriverConfiguration(name: own, socket: storage.socket, secrets: [:])],
          limits: CSITimeLimits())
        let bench = NodeBench(
          cluster: cluster, storage: storage,
          provider: NodeSnapshots(
            direct: CSISnapshotProvider(drivers: drivers, logger: logger), cluster: cluster.cluster)
        )
        try await storage.serve { try await bench.connected(body) }
      }
    }
  }

  private func connected(_ body: @Sendable (NodeBench) async throws -> Void) async throws {
    let drivers = provider.direct.drivers
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await drivers.run() }
      defer {
        drivers.stop()
        group.cancelAll()
      }
      try await body(self)
    }
  }

  /// A volume of the node's own driver, which belongs to no claim.
  func local(_ name: String) async throws -> MemberVolume {
    MemberVolume(
      containerPath: "/data/\(name)",
      volume: try await provider.direct.publisher.create(
        name: name, driver: Self.own, sizeBytes: 64 << 20, root: "\(storage.directory)/volumes"))
  }

  /// A claim's volume, mounted as kubelet does it.
  func claim(_ name: String) async throws -> MemberVolume {
    var member = await cluster.claim(name)
    let directory =
      "\(storage.directory)/kubelet/pods/p/volumes/kubernetes.io~csi/pvc-\(name)"
    let mount = "\(directory)/mount"
    try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
    let document = [
      "driverName": member.volume.driver.text, "volumeHandle": member.volume.handle.text,
    ]
    try JSONEncoder().encode(document).write(to: URL(filePath: "\(directory)/vol_data.json"))
    let outcome = try await TestStorage.run("mount", ["-t", "tmpfs", "tmpfs", mount])
    guard outcome.succeeded else { throw NotMounted(output: outcome.output) }
    member.volume.publishedAt = mount
    return member
  }

  struct NotMounted: Error { var output: String }

  func unmount(_ member: MemberVolume) async throws {
    let outcome = try await TestStorage.run("umount", [member.volume.publishedAt])
    guard outcome.succeeded else { throw NotMounted(output: outcome.output) }
  }

  func cut(_ volumes: [MemberVolume]) async throws -> [SnapshotRecord] {
    let begun = ContinuousClock.now
    return try await provider.cut(volumes, name: ClusterBench.name()) {
      ContinuousClock.now - begun
    }
  }

  /// Prepares, cuts and ends the hold.
  func taken(_ volumes: [MemberVolume]) async throws -> [SnapshotRecord] {
    _ = try await provider.prepare(volumes, for: ClusterBench.planned(volumes))
    let records = try await cut(volumes)
    await provider.discard(ClusterBench.name())
    return records
  }

  /// How many snapshots the node's own driver has.
  func ownSnapshots() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "\(storage.pool)/snapshots")
      .filter { $0.hasSuffix(".img") }.count
  }
}
