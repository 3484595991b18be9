import AgentCore
import ClusterTesting
import CutProtocol
import KubernetesClient
import Model
import Testing

@testable import KubernetesSnapshots

struct ClusterCutTests {
  @Test func `a claim is cut at its handle, before anything is ready`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      let readiness = try await bench.prepare([volume])
      let records = try await bench.cut()
      #expect(readiness.remarks == [])
      try #require(records.count == 1)
      #expect(records[0].volume == volume.volume)
      #expect(records[0].handle.text == "snap-1-0")
      #expect(records[0].name == ClusterBench.name().text(volume: volume.volume.handle))
      #expect(!records[0].readyToUse)
      #expect(records[0].acknowledged > records[0].requested)
      let made = await bench.snapshots()
      #expect(made.map(\.name) == [records[0].name])
      #expect(made[0]["spec", "volumeSnapshotClassName"]?.string == "usual")
      print("hold to cut through the cluster: \(records[0].acknowledged.duration)")
      await bench.cluster.discard(ClusterBench.name())
    }
  }

  @Test func `the class that a claim names is used`() async throws {
    try await ClusterBench.with { bench in
      await bench.snapshotClass("kept", policy: "Retain")
      let volume = await bench.claim(
        "a", annotations: [ClaimedVolume.classAnnotation: "kept"])
      try await bench.prepare([volume])
      _ = try await bench.cut()
      #expect(await bench.snapshots()[0]["spec", "volumeSnapshotClassName"]?.string == "kept")
      await bench.cluster.discard(ClusterBench.name())
    }
  }

  @Test func `the class that the plan names is used, unless the claim names another`()
    async throws
  {
    try await ClusterBench.with { bench in
      await bench.snapshotClass("kept", policy: "Retain")
      await bench.snapshotClass("own", policy: "Retain")
      let volumes = [
        await bench.claim("a"),
        await bench.claim("b", annotations: [ClaimedVolume.classAnnotation: "own"]),
      ]
      let rules = SnapshotRules(classes: [ClusterBench.driver.text: "kept"])
      try await bench.prepare(volumes, ClusterBench.planned(volumes, rules: rules))
      _ = try await bench.cut()
      let classes = await bench.snapshots().compactMap {
        $0["spec", "volumeSnapshotClassName"]?.string
      }
      #expect(classes.sorted() == ["kept", "own"])
      await bench.cluster.discard(ClusterBench.name())
    }
  }

  @Test func `a class of the plan that does not exist is refused before anything is held`()
    async throws
  {
    try await ClusterBench.with { bench in
      let volumes = [await bench.claim("a")]
      let rules = SnapshotRules(classes: [ClusterBench.driver.text: "gone"])
      await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.prepare(volumes, ClusterBench.planned(volumes, rules: rules))
      }
    }
  }

  @Test func `several claims are cut by one group, and no other claim with them`() async throws {
    try await ClusterBench.with { bench in
      await bench.groupClass()
      let volumes = [await bench.claim("a"), await bench.claim("b")]
      _ = await bench.claim("stranger")
      try await bench.prepare(volumes)
      let records = try await bench.cut()
      #expect(records.map(\.containerPath) == ["/data/a", "/data/b"])
      #expect(Set(records.map(\.handle.text)).count == 2)
      #expect(Set(records.compactMap(\.group)).count == 1)
      #expect(await bench.snapshots().isEmpty)
      await bench.cluster.discard(ClusterBench.name())
      for claim in await bench.api.objects(.persistentVolumeClaims) {
        #expect(claim.labels[StillpointLabel.group] == nil)
      }
      #expect(
        try await bench.cluster.deleteOrphans(volumes, name: ClusterBench.name()) == 1)
      #expect(bench.driver.existing.isEmpty)
    }
  }

  @Test func `without a group class each claim has a snapshot of its own`() async throws {
    try await ClusterBench.with { bench in
      let volumes = [await bench.claim("a"), await bench.claim("b")]
      try await bench.prepare(volumes)
      let records = try await bench.cut()
      #expect(records.count == 2)
      #expect(records.allSatisfy { $0.group == nil })
      #expect(await bench.snapshots().count == 2)
      await bench.cluster.discard(ClusterBench.name())
    }
  }

  @Test func `a driver's error that is taken back does not end the cut`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      try await bench.prepare([volume])
      bench.driver.fail(3)
      #expect(try await bench.cut().count == 1)
      await bench.cluster.discard(ClusterBench.name())
    }
  }

  @Test func `a cut that never comes ends with the driver's own words`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      try await bench.prepare([volume], ClusterBench.planned([volume], cap: .seconds(5)))
      bench.driver.fail(.max)
      let refusal = await #expect(throws: CutProtocol.Refusal.self) { try await bench.cut() }
      #expect(refusal?.message.contains("the archive changed while it was read") == true)
      bench.driver.fail(0)
      await bench.cluster.discard(ClusterBench.name())
    }
  }

  @Test func `the end of a hold ends a cut that is under way`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      try await bench.prepare([volume])
      bench.driver.halt()
      async let outcome = #expect(throws: CutProtocol.Refusal.self) { try await bench.cut() }
      #expect(
        await bench.eventually {
          !(await bench.api.objects(.volumeSnapshotContents)).isEmpty
        })
      let begun = ContinuousClock.now
      await bench.cluster.discard(ClusterBench.name())
      _ = await outcome
      #expect(ContinuousClock.now - begun < .seconds(5))
      bench.driver.resume()
    }
  }

  @Test func `a snapshot that is cut after the hold is deleted as an orphan`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      try await bench.prepare([volume], ClusterBench.planned([volume], cap: .seconds(3)))
      bench.driver.halt()
      _ = await #expect(throws: CutProtocol.Refusal.self) { try await bench.cut() }
      await bench.cluster.discard(ClusterBench.name())
      bench.driver.resume()
      #expect(await bench.eventually { !bench.driver.existing.isEmpty })
      #expect(
        try await bench.cluster.deleteOrphans([volume], name: ClusterBench.name()) == 1)
      #expect(bench.driver.existing.isEmpty)
      #expect(await bench.snapshots().isEmpty)
      #expect(await bench.api.objects(.volumeSnapshotContents).isEmpty)
      #expect(
        try await bench.cluster.deleteOrphans([volume], name: ClusterBench.name()) == 0)
    }
  }

  @Test func `the claims of several members are one group where the plan wants it`() async throws {
    try await ClusterBench.with { bench in
      await bench.groupClass()
      let own = await bench.claim("a")
      let other = await bench.claim("b")
      let cut = ClusterBench.planned([own], forOthers: [other])
      try await bench.prepare([own], cut)
      let records = try await bench.cut()
      #expect(records.map(\.volume) == [own.volume, other.volume])
      #expect(Set(records.map(\.name)) == [ClusterBench.name().text(volume: nil)])
      #expect(Set(records.map(\.group)).count == 1 && records[0].group != nil)
      let groups = await bench.api.objects(SnapshotTypes.Groups(version: "v1").snapshots)
      #expect(groups.count == 1)
      await bench.cluster.discard(ClusterBench.name())
    }
  }

  @Test func `claims of several members that cannot be one group are refused`() async throws {
    try await ClusterBench.with { bench in
      let own = await bench.claim("a")
      let other = await bench.claim("b")
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.prepare([own], ClusterBench.planned([own], forOthers: [other]))
      }
      #expect(refusal?.code == .hazard)
      #expect(
        refusal?.message.hasPrefix(
          "claim shop/b is to be cut in one group with those of orders, and cannot") == true)
      #expect(await bench.snapshots().isEmpty)
    }
  }
}
