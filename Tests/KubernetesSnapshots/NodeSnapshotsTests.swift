import AgentCore
import ClusterTesting
import CutProtocol
import KubernetesClient
import Model
import StorageTesting
import Testing

@testable import KubernetesSnapshots

@Suite(.enabled(if: TestStorage.isPossible), .serialized)
struct `The snapshots of a node in a cluster` {
  @Test func `are the cluster's for claims and the driver's own for all other volumes`()
    async throws
  {
    try await NodeBench.with { bench in
      let volumes = [try await bench.local("a"), try await bench.claim("b")]
      let readiness = try await bench.provider.prepare(volumes, for: ClusterBench.planned(volumes))
      #expect(readiness.predicted > .zero)
      let records = try await bench.cut(volumes)
      #expect(records.map(\.containerPath) == ["/data/a", "/data/b"])
      #expect(records.map(\.volume) == volumes.map(\.volume))
      #expect(try bench.ownSnapshots() == 1)
      #expect(await bench.cluster.snapshots().map(\.name) == [records[1].name])
      #expect(bench.cluster.driver.existing == [records[1].handle.text])
      await bench.provider.discard(ClusterBench.name())
    }
  }

  @Test func `need no API server where no volume is a claim's`() async throws {
    try await NodeBench.with { bench in
      let volume = try await bench.local("a")
      await bench.cluster.api.inject(Fault(.silence, times: nil))
      let records = try await bench.taken([volume])
      #expect(records.map(\.volume) == [volume.volume])
      await #expect(throws: Never.self) { try await bench.provider.prepare([volume]) }
    }
  }

  @Test func `are refused for a volume that is no longer where it was, before anything is made`()
    async throws
  {
    try await NodeBench.with { bench in
      let volumes = [try await bench.local("a"), try await bench.claim("b")]
      try await bench.unmount(volumes[1])
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.provider.prepare(volumes, for: ClusterBench.planned(volumes))
      }
      #expect(refusal?.code == .moved)
      let asked = await bench.cluster.api.received()
      #expect(!asked.contains { $0.path.contains("persistentvolumes") })
      #expect(await bench.cluster.snapshots().isEmpty)
      #expect(try bench.ownSnapshots() == 0)
    }
  }

  @Test func `are deleted where they are, and count as deleted where nobody knows them`()
    async throws
  {
    try await NodeBench.with { bench in
      let records = try await bench.taken([try await bench.local("a"), try await bench.claim("b")])
      for _ in 0..<2 {
        for record in records {
          try await bench.provider.delete(
            driver: record.volume.driver, snapshot: record.handle, group: record.group)
        }
        #expect(bench.cluster.driver.existing.isEmpty)
        #expect(try bench.ownSnapshots() == 0)
      }
    }
  }

  @Test func `are looked for where they are, and unknown where the cluster cannot be asked`()
    async throws
  {
    try await NodeBench.with { bench in
      let records = try await bench.taken([try await bench.local("a"), try await bench.claim("b")])
      let wanted = records.map { SnapshotReference(driver: $0.volume.driver, snapshot: $0.handle) }
      #expect(await bench.provider.presence(of: wanted) == [.there, .there])
      for record in records {
        try await bench.provider.delete(
          driver: record.volume.driver, snapshot: record.handle, group: record.group)
      }
      #expect(await bench.provider.presence(of: wanted) == [.missing, .missing])
      await bench.cluster.api.put(
        KubernetesObject([
          "metadata": ["name": "view"],
          "spec": [
            "driver": .string(wanted[1].driver.text),
            "source": ["snapshotHandle": .string(wanted[1].snapshot.text)],
          ],
          "status": ["snapshotHandle": .string(wanted[1].snapshot.text)],
        ]), as: .volumeSnapshotContents)
      #expect(!(await bench.provider.presence(of: wanted)[1].isKnown))
      await bench.cluster.api.inject(Fault(.drop, times: nil))
      let found = await bench.provider.presence(of: wanted)
      #expect(found[0] == .missing)
      #expect(!found[1].isKnown)
    }
  }

  @Test func `are not taken for deleted while the cluster cannot be asked`() async throws {
    try await NodeBench.with { bench in
      let record = try #require(try await bench.taken([try await bench.claim("b")]).first)
      await bench.cluster.api.inject(Fault(.drop, times: nil))
      await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.provider.delete(
          driver: record.volume.driver, snapshot: record.handle, group: record.group)
      }
      #expect(bench.cluster.driver.existing == [record.handle.text])
    }
  }

  @Test func `that a late cut left are found by their names, though the claim is gone`()
    async throws
  {
    try await NodeBench.with { bench in
      let volumes = [try await bench.local("a"), try await bench.claim("b")]
      _ = try await bench.taken(volumes)
      let api = bench.cluster.api
      await api.finish(.persistentVolumeClaims, "b", in: ClusterBench.namespace)
      await api.finish(.persistentVolumes, "pvc-b")
      #expect(try await bench.provider.deleteOrphans(volumes, name: ClusterBench.name()) == 2)
      #expect(bench.cluster.driver.existing.isEmpty)
      #expect(try bench.ownSnapshots() == 0)
      #expect(try await bench.provider.deleteOrphans(volumes, name: ClusterBench.name()) == 0)
    }
  }

  @Test func `come back as volumes of the node's own driver alone`() async throws {
    try await NodeBench.with { bench in
      let records = try await bench.taken([try await bench.local("a"), try await bench.claim("b")])
      func order(_ record: SnapshotRecord) -> VolumeRestore {
        VolumeRestore(
          restore: RestoreID(accepted: "r-1"), source: record,
          place: .beside(directory: "\(bench.storage.directory)/restored"))
      }
      let restored = try await bench.provider.restore(order(records[0]))
      #expect(restored.driver == NodeBench.own)
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.provider.restore(order(records[1]))
      }
      #expect(refusal?.code == .hazard)
      #expect(refusal?.hint?.contains("restore it as a new claim") == true)
    }
  }

  @Test func `of a driver that only the cluster reaches are not tried on the node`() async throws {
    try await NodeBench.with { bench in
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.provider.probe(
          DriverProbe(probe: ProbeID(accepted: "p-1"), driver: ClusterBench.driver))
      }
      #expect(refusal?.code == .hazard)
    }
  }
}
