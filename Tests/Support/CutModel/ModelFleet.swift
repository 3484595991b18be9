package import CutProtocol
internal import Foundation
package import Model

/// The plan that a model cuts, and the names in it.
package struct ModelFleet: Sendable {
  package let sealed: SealedPlan
  package let members: [MemberPlan]

  package static let backup = BackupID(accepted: "backup")

  /// `levels` as in `MemberPlan.level`; all 0 unless the plan drains. With `shared`, every member has all the others' volumes too,
  /// each of them cut by the one that it is named after.
  package init(
    _ names: [String], levels: [Int]? = nil, policy: CutPolicy = .strict,
    freeze: FreezeLimits = .init(), shared: Bool = false
  ) throws {
    let names = names.map { ServiceName(accepted: $0) }
    let members = names.enumerated().map { index, name in
      Self.member(name, level: levels?[index] ?? 0, sharing: shared ? names : nil)
    }
    sealed = try SealedPlan(
      CutPlan(
        backup: Self.backup, fleet: FleetID(accepted: "fleet"),
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

  /// The snapshot of the volume named after `owner`, as a member has it that keeps to the rules.
  package static func record(
    of owner: ServiceName, as member: ServiceName, _ fence: Fence, isShared: Bool
  ) -> SnapshotRecord {
    let volume = volume(of: owner, in: member, isShared: isShared)
    let name = SnapshotName(
      fence: fence, member: owner, hold: hold(on: node(of: owner), fence), backup: backup)
    return SnapshotRecord(
      containerPath: volume.containerPath, volume: volume.volume,
      name: name.text(volume: volume.volume.handle),
      handle: SnapshotHandle(accepted: "snapshot-\(fence)-\(owner.text)"), group: nil,
      sizeBytes: 4096, createdAt: Timestamp(nanoseconds: 0), readyToUse: true,
      requested: .milliseconds(!isShared || owner != member ? 22 : 36),
      acknowledged: .milliseconds(40), takenBy: owner == member ? nil : owner)
  }

  private static func node(of name: ServiceName) -> NodeID { NodeID(accepted: "node-\(name.text)") }

  private static func volume(
    of owner: ServiceName, in member: ServiceName, isShared: Bool
  ) -> MemberVolume {
    MemberVolume(
      containerPath: "/\(owner.text)",
      volume: VolumeRef(
        driver: DriverName(accepted: "local.test"), handle: VolumeHandle(accepted: owner.text),
        publishedAt: "/volumes/\(member.text)/\(owner.text)"),
      delegate: isShared ? owner : nil)
  }

  private static func member(
    _ name: ServiceName, level: Int, sharing names: [ServiceName]?
  ) -> MemberPlan {
    MemberPlan(
      name: name, node: node(of: name),
      container: ContainerID(accepted: "\(name.text)-1"), containerName: name.text,
      pod: name.text, namespace: "shop", image: "\(name.text):1", imageDigest: "",
      holds: [.filesystem],
      volumes: (names ?? [name]).map { owner in
        volume(of: owner, in: name, isShared: names != nil)
      }, dependsOn: [], group: 0, level: level)
  }
}
