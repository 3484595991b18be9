import AgentCore
import ClusterTesting
import CutProtocol
import KubernetesClient
import Model
import Testing

@testable import KubernetesSnapshots

struct ClusterRefusalTests {
  private func others(_ count: Int) -> [ServiceName: [MemberVolume]] {
    [
      ServiceName(accepted: "others"): (0..<count).map { ClusterBench.member("other-\($0)") }
    ]
  }

  @Test
  func `a stock controller is refused a plan that it is too slow for, with the flags to raise`()
    async throws
  {
    try await ClusterBench.with(rate: ControllerPace.stockRate) { bench in
      let volume = await bench.claim("a")
      let cut = ClusterBench.planned([volume], others: others(79), budget: .seconds(2))
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.prepare([volume], cut)
      }
      #expect(refusal?.code == .hazard)
      #expect(refusal?.message.hasPrefix("80 snapshots at once would take about") == true)
      for flag in ["--kube-api-qps", "--kube-api-burst", "--worker-threads"] {
        #expect(refusal?.hint?.contains(flag) == true)
      }
      #expect(await bench.snapshots().isEmpty)
    }
  }

  @Test func `a controller that was tuned is found out, and may cut the same plan`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      let cut = ClusterBench.planned([volume], others: others(20), budget: .seconds(19))
      let readiness = try await bench.prepare([volume], cut)
      #expect(readiness.predicted <= .seconds(19))
      #expect(await bench.snapshots().isEmpty)
      await bench.cluster.discard(cut.name)
    }
  }

  @Test func `a controller that does not answer is told before anything is held`() async throws {
    var settings = ClusterSettings()
    settings.controllerAnswer = .milliseconds(300)
    try await ClusterBench.with(rate: nil, settings: settings) { bench in
      let volume = await bench.claim("a")
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.prepare([volume])
      }
      #expect(refusal?.code == .busy)
      #expect(refusal?.message == "the snapshot controller did not answer within 300.0 ms")
      #expect(await bench.snapshots().isEmpty)
    }
  }

  @Test func `a cluster without the definitions is told what to install`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      for type in [
        ResourceType.volumeSnapshots, .volumeSnapshotContents, .volumeSnapshotClasses,
      ] {
        await bench.api.withdraw(type)
      }
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.prepare([volume])
      }
      #expect(refusal?.code == .hazard)
      #expect(refusal?.hint?.contains("external-snapshotter") == true)
    }
  }

  @Test func `a volume of two members is refused`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a", modes: ["ReadWriteMany"])
      let cut = ClusterBench.planned(
        [volume], others: [ServiceName(accepted: "web"): [volume]])
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.prepare([volume], cut)
      }
      #expect(
        refusal?.message.hasPrefix("claim shop/a belongs to orders and to web") == true)
    }
  }

  @Test func `what others may write to a shared claim is remarked`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a", modes: ["ReadWriteMany"])
      let readiness = try await bench.prepare([volume])
      #expect(readiness.remarks.count == 1)
      await bench.cluster.discard(ClusterBench.name())
    }
  }

  @Test func `a block volume is refused`() async throws {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a", volumeMode: "Block")
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.cluster.sorted([volume])
      }
      #expect(refusal?.message == "claim shop/a is a block volume, which nothing can hold still")
    }
  }

  @Test func `a claim that was made anew under the same name is not the one that is mounted`()
    async throws
  {
    try await ClusterBench.with { bench in
      let volume = await bench.claim("a")
      await bench.api.finish(.persistentVolumeClaims, "a", in: ClusterBench.namespace)
      await bench.api.put(
        KubernetesObject(
          .persistentVolumeClaims, name: "a", namespace: ClusterBench.namespace,
          fields: ["spec": ["volumeName": "pvc-a"], "status": ["phase": "Bound"]]),
        as: .persistentVolumeClaims)
      let refusal = await #expect(throws: CutProtocol.Refusal.self) {
        try await bench.cluster.sorted([volume])
      }
      #expect(refusal?.code == .moved)
    }
  }

  @Test func `a volume without a claim is none of the cluster's`() async throws {
    try await ClusterBench.with { bench in
      let sorted = try await bench.cluster.sorted([ClusterBench.member("unknown")])
      #expect(sorted.claimed.isEmpty)
      #expect(sorted.others.count == 1)
    }
  }

  @Test func `rights that are missing are told with what they are for`() async throws {
    let agent = TestUser(
      "system:serviceaccount:stillpoint:agent",
      rules: [
        .init(["get"], ["persistentvolumes", "persistentvolumeclaims"]),
        .init(["create"], group: "authorization.k8s.io", ["selfsubjectaccessreviews"]),
        .init(
          ["get", "list", "watch", "patch", "delete"], group: "snapshot.storage.k8s.io", ["*"]),
        .init(["*"], group: "groupsnapshot.storage.k8s.io", ["*"]),
      ])
    try await ClusterBench.with(agent: agent) { bench in
      let missing = try await bench.cluster.missingRights().map(\.description)
      #expect(
        missing == [
          "create volumesnapshots.snapshot.storage.k8s.io: to cut a claim",
          "patch persistentvolumeclaims: to label the claims of a group while it is cut",
        ])
    }
  }
}
