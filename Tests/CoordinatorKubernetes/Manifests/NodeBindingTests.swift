import ClusterTesting
import CoordinatorCore
import CutProtocol
import KubernetesClient
import Model
import Testing

@testable import CoordinatorKubernetes

struct `A volume that one node has` {
  private static func volume(_ affinity: String, handle: String = "v-1") throws -> BackupManifest {
    try ShopBackup.manifest(
      .persistentVolumes, "pv-1",
      """
      {"spec":{"capacity":{"storage":"2Gi"},"claimRef":{"namespace":"shop","name":"data-db-0"},
      "csi":{"driver":"d.test","volumeHandle":"\(handle)"},"nodeAffinity":{"required":{"nodeSelectorTerms":\(affinity)}}}}
      """, global: true, fact: true)
  }

  private static func requirement(_ key: String, _ values: String...) -> String {
    let list = values.map { "\"\($0)\"" }.joined(separator: ",")
    return #"{"key":"\#(key)","operator":"In","values":[\#(list)]}"#
  }

  /// `n-2`, with the volume `v-1`.
  private static func members() throws -> [MemberPlan] {
    var member = try ShopBackup.member("orders", pod: "db-0", owner: "StatefulSet/db")
    member.node = try NodeID("n-2")
    member.volumes = [
      MemberVolume(
        containerPath: "/data",
        volume: VolumeRef(
          driver: try DriverName("d.test"), handle: try VolumeHandle("v-1"), publishedAt: "/x"))
    ]
    return [member]
  }

  private static func node(_ affinity: String, handle: String = "v-1") throws -> String? {
    let object = try RestoreItems.object(try volume(affinity, handle: handle))
    return NodeBinding(of: object, among: try members())?.node.text
  }

  @Test func `is told from one that others reach as well`() throws {
    let one = Self.requirement("topology.d.test/node", "n-2")
    #expect(try Self.node(#"[{"matchExpressions":[\#(one)]}]"#) == "n-2")
    let field = Self.requirement("metadata.name", "n-2")
    #expect(try Self.node(#"[{"matchFields":[\#(field)]}]"#) == "n-2")
    let zone = Self.requirement("topology.kubernetes.io/zone", "z1")
    #expect(try Self.node(#"[{"matchExpressions":[\#(zone),\#(one)]}]"#) == "n-2")

    #expect(try Self.node(#"[{"matchExpressions":[\#(zone)]}]"#) == nil)
    #expect(try Self.node("[]") == nil)
    let two = Self.requirement("topology.d.test/node", "n-2", "n-3")
    #expect(try Self.node(#"[{"matchExpressions":[\#(two)]}]"#) == nil)
    // Terms are alternatives.
    #expect(
      try Self.node(#"[{"matchExpressions":[\#(one)]},{"matchExpressions":[\#(zone)]}]"#) == nil)
    let other = Self.requirement("topology.d.test/node", "n-3")
    #expect(try Self.node(#"[{"matchExpressions":[\#(other)]}]"#) == nil)
    #expect(try Self.node(#"[{"matchExpressions":[\#(one)]}]"#, handle: "v-2") == nil)
  }

  @Test func `comes back there, with its snapshot in the care of that node`() async throws {
    try await RestoreBench.with { bench in
      let one = Self.requirement("topology.d.test/node", "n-2")
      let bound = try Self.volume(#"[{"matchExpressions":[\#(one)]}]"#)
      var manifests = try ShopBackup.manifests()
      manifests.removeAll { $0.resource == "persistentvolumes" }
      var job = try ShopBackup.job(manifests: manifests + [bound])
      job.services = try Self.members()

      let actions = try await bench.restorer.actions(of: job)
      let claims = actions.filter { $0.resource == "persistentvolumeclaims" }
      #expect(
        claims.first { $0.name == "data-db-0" }?.note
          == "from snapshot snap-1, on node n-2, which alone has it")

      try await bench.perform(job)
      let content = try #require(await bench.api.objects(.volumeSnapshotContents).first)
      #expect(content.labels == ["snapshot.storage.kubernetes.io/managed-by": "n-2"])
      let restored = await bench.api.object(.persistentVolumeClaims, "data-db-0", in: "copy")
      #expect(restored?.annotations["volume.kubernetes.io/selected-node"] == "n-2")
      // Nothing says where an empty volume has to be.
      let empty = await bench.api.object(.persistentVolumeClaims, "scratch", in: "copy")
      #expect(empty?.annotations["volume.kubernetes.io/selected-node"] == nil)
    }
  }
}
