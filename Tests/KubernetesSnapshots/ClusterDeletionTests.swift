import AgentCore
import ClusterTesting
import CutProtocol
import KubernetesClient
import Model
import Testing

@testable import KubernetesSnapshots

struct ClusterDeletionTests {
  private func cut(_ bench: ClusterBench, _ volumes: [MemberVolume]) async throws
    -> [SnapshotRecord]
  {
    try await bench.prepare(volumes)
    let records = try await bench.cut()
    await bench.cluster.discard(ClusterBench.name())
    return records
  }

  private func delete(_ record: SnapshotRecord, of bench: ClusterBench) async throws -> Bool {
    try await bench.cluster.delete(
      driver: record.volume.driver, snapshot: record.handle, group: record.group)
  }

  @Test func `a backup's snapshot is deleted by its handle, with its storage`() async throws {
    try await ClusterBench.with { bench in
      let record = try await cut(bench, [await bench.claim("a")])[0]
      #expect(try await delete(record, of: bench))
      #expect(bench.driver.existing.isEmpty)
      #expect(await bench.api.objects(.volumeSnapshotContents).isEmpty)
      // Once more is as good: nothing of it is there.
      #expect(try await !delete(record, of: bench))
    }
  }

  @Test func `a class that says Retain keeps nothing of a backup that is deleted`() async throws {
    try await ClusterBench.with { bench in
      await bench.snapshotClass("kept", policy: "Retain")
      let volume = await bench.claim("a", annotations: [ClaimedVolume.classAnnotation: "kept"])
      let record = try await cut(bench, [volume])[0]
      #expect(try await delete(record, of: bench))
      #expect(bench.driver.existing.isEmpty)
    }
  }

  @Test func `a backup outlives its namespace where the class says Retain`() async throws {
    try await ClusterBench.with { bench in
      await bench.snapshotClass("kept", policy: "Retain")
      let volume = await bench.claim("a", annotations: [ClaimedVolume.classAnnotation: "kept"])
      let record = try await cut(bench, [volume])[0]
      // As with its namespace: the snapshot goes, its content stays, still bound to it.
      await bench.api.finish(.volumeSnapshots, record.name, in: ClusterBench.namespace)
      #expect(bench.driver.existing == [record.handle.text])
      #expect(try await delete(record, of: bench))
      #expect(await bench.api.objects(.volumeSnapshotContents).isEmpty)
    }
  }

  @Test func `what somebody else made is left alone`() async throws {
    try await ClusterBench.with { bench in
      let record = try await cut(bench, [await bench.claim("a")])[0]
      var snapshot = try #require(await bench.snapshots().first)
      snapshot.labels = [:]
      await bench.api.put(snapshot, as: .volumeSnapshots)
      await #expect(throws: CutProtocol.Refusal.self) { try await delete(record, of: bench) }
      #expect(bench.driver.existing == [record.handle.text])
    }
  }

  @Test func `a group is deleted as a whole, and again without harm`() async throws {
    try await ClusterBench.with { bench in
      await bench.groupClass()
      let records = try await cut(bench, [await bench.claim("a"), await bench.claim("b")])
      #expect(try await delete(records[0], of: bench))
      #expect(bench.driver.existing.isEmpty)
      #expect(try await !delete(records[1], of: bench))
    }
  }

  @Test func `a group's content that was left behind is deleted with its snapshots`() async throws {
    try await ClusterBench.with { bench in
      await bench.groupClass()
      let volumes = [await bench.claim("a"), await bench.claim("b")]
      let record = try await cut(bench, volumes)[0]
      let groups = SnapshotTypes.Groups(version: "v1")
      // Deleted before its controller had looked at what came of it: nobody deletes the content.
      await bench.api.finish(groups.snapshots, record.name, in: ClusterBench.namespace)
      #expect(bench.driver.existing.count == 2)
      #expect(
        try await bench.cluster.deleteOrphans(volumes, name: ClusterBench.name()) == 1)
      #expect(await bench.api.objects(groups.contents).isEmpty)
      #expect(bench.driver.existing.isEmpty)
    }
  }

  @Test func `a label is taken from a claim that somebody else writes to meanwhile`() async throws {
    try await ClusterBench.with { bench in
      await bench.groupClass()
      let volumes = [await bench.claim("a"), await bench.claim("b")]
      try await bench.prepare(volumes)
      await bench.api.inject(
        Fault(
          .refuse(ClusterTesting.Refusal(409, .conflict, "the object has been modified")), times: 2,
          where: { $0.method == "PATCH" && $0.path.suffix(2) == ["persistentvolumeclaims", "a"] }))
      await bench.cluster.discard(ClusterBench.name())
      for claim in await bench.api.objects(.persistentVolumeClaims) {
        #expect(claim.labels[StillpointLabel.group] == nil)
      }
    }
  }
}
