package import CutProtocol
internal import Foundation
package import Model

/// The plan that a model cuts, and the names in it.
package struct ModelFleet: Sendable {
  package let sealed: SealedPlan
  package let members: [MemberPlan]

  /// `levels` as in `MemberPlan.level`; all 0 unless the plan drains.
  package init(
    _ names: [String], levels: [Int]? = nil, policy: CutPolicy = .strict,
    freeze: FreezeLimits = .init()
  ) throws {
    let members = names.enumerated().map { index, name in
      Self.member(ServiceName(accepted: name), level: levels?[index] ?? 0)
    }
    sealed = try SealedPlan(
      CutPlan(
        backup: BackupID(accepted: "backup"), fleet: FleetID(accepted: "fleet"),
        plan: PlanName(accepted: "plan"), environment: .test, requires: .applicationConsistent,
        policy: policy, freeze: freeze, createdAt: Timestamp(nanoseconds: 0),
        members: members.sorted { $0.name < $1.name }))
    self.members = sealed.plan.members
  }

  package func index(of name: ServiceName) -> Int? { members.firstIndex { $0.name == name } }

  /// Names a hold of an attempt; an attempt's fence is accepted once, so that no two holds of a member share it.
  package static func hold(on node: NodeID, _ fence: Fence) -> HoldID {
    HoldID(boot: node.text, incarnation: fence.epoch, counter: UInt64(fence.attempt))
  }

  private static func member(_ name: ServiceName, level: Int) -> MemberPlan {
    MemberPlan(
      name: name, node: NodeID(accepted: "node-\(name.text)"),
      container: ContainerID(accepted: "\(name.text)-1"), containerName: name.text,
      pod: name.text, namespace: "shop", image: "\(name.text):1", imageDigest: "",
      holds: [.filesystem],
      volumes: [
        MemberVolume(
          containerPath: "/data",
          volume: VolumeRef(
            driver: DriverName(accepted: "local.test"), handle: VolumeHandle(accepted: name.text),
            publishedAt: "/volumes/\(name.text)"))
      ], dependsOn: [], group: 0, level: level)
  }
}
