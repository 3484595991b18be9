import Foundation
import Model

@testable import CutProtocol

/// Values that the tests of this target share: a shop of three services on three nodes.
enum Fixture {
  static let checkout = ServiceName(accepted: "checkout")
  static let orders = ServiceName(accepted: "orders")
  static let payments = ServiceName(accepted: "payments")
  static let backup = BackupID(accepted: "shop-1")
  static let fleet = FleetID(accepted: "fleet")
  static let fence = Fence(epoch: 4, cut: 7, attempt: 1)

  static func node(of member: ServiceName) -> NodeID { NodeID(accepted: "node-\(member.text)") }

  static func hold(_ counter: UInt64, of member: ServiceName = orders) -> HoldID {
    HoldID(boot: "boot-\(member.text)", incarnation: 2, counter: counter)
  }

  static func volume(_ path: String, of member: ServiceName) -> MemberVolume {
    MemberVolume(
      containerPath: path,
      volume: VolumeRef(
        driver: DriverName(accepted: "local.test"),
        handle: VolumeHandle(accepted: "\(member.text)\(path)"),
        publishedAt: "/volumes/\(member.text)\(path)"))
  }

  static func member(
    _ name: ServiceName, paths: [String] = ["/data"], group: Int = 0, level: Int = 0
  ) -> MemberPlan {
    MemberPlan(
      name: name, node: node(of: name), container: ContainerID(accepted: "\(name.text)-1"),
      containerName: name.text, pod: name.text, namespace: "shop", image: "\(name.text):1",
      imageDigest: "", holds: [.filesystem], volumes: paths.map { volume($0, of: name) },
      dependsOn: [], group: group, level: level)
  }

  static func plan(
    _ members: [MemberPlan]? = nil, policy: CutPolicy = .strict, freeze: FreezeLimits = .init()
  ) throws -> SealedPlan {
    try SealedPlan(
      CutPlan(
        backup: backup, fleet: fleet, plan: PlanName(accepted: "shop"), environment: .test,
        requires: .applicationConsistent, policy: policy, freeze: freeze,
        createdAt: Timestamp(nanoseconds: 0),
        members: members ?? [member(orders), member(payments)]
      ))
  }

  /// The vector that names hold 1 of each.
  static func witness(_ members: [ServiceName] = [orders, payments]) -> WitnessVector {
    WitnessVector(Dictionary(uniqueKeysWithValues: members.map { ($0, hold(1, of: $0)) }))
  }

  static func preparation(
    quiesce: Duration = .milliseconds(20), snapshot: Duration = .milliseconds(10)
  ) -> Preparation {
    Preparation(
      predictedQuiesce: quiesce, predictedSnapshot: snapshot, fidelity: .full, remarks: [])
  }

  static func snapshot(
    _ volume: MemberVolume, of member: ServiceName, fence: Fence = fence, hold: HoldID,
    acknowledged: Duration = .milliseconds(40)
  ) -> SnapshotRecord {
    let name = SnapshotName(fence: fence, member: member, hold: hold, backup: backup)
    return SnapshotRecord(
      containerPath: volume.containerPath, volume: volume.volume,
      name: name.text(volume: volume.volume.handle),
      handle: SnapshotHandle(accepted: "snap-\(volume.volume.handle)"), group: nil, sizeBytes: 4096,
      createdAt: Timestamp(nanoseconds: 0), readyToUse: true, requested: .milliseconds(30),
      acknowledged: acknowledged)
  }

  /// A statement of a hold that nothing is wrong with.
  static func statement(
    of plan: MemberPlan, in sealed: SealedPlan, fence: Fence = fence, witness: WitnessVector
  ) -> HoldStatement {
    let hold = hold(1, of: plan.name)
    let process = ProcessIdentity(container: plan.container, pid: 100, startTicks: 5)
    let token = StateToken(quiescer: "filesystem", values: ["writes": "17"])
    return HoldStatement(
      fleet: fleet, backup: backup, planHash: sealed.hash, fence: fence, node: plan.node,
      member: plan.name, hold: hold, heldAfter: WitnessVector([:]), witness: witness,
      steps: HoldSteps(
        quiesceBegan: .zero, held: .milliseconds(20), frozenSent: .milliseconds(21),
        witnessReceived: .milliseconds(35), thawBegan: .milliseconds(41),
        thawEnded: .milliseconds(43)),
      fidelity: .full, tokensAtHold: [token], tokensBeforeThaw: [token], processAtHold: process,
      processBeforeThaw: process,
      snapshots: plan.volumes.map { snapshot($0, of: plan.name, fence: fence, hold: hold) },
      thaw: ThawEvidence(endedThisHold: true, cause: .complete),
      heldAt: Timestamp(nanoseconds: 0))
  }

  static func certificate(_ text: String) -> HoldCertificate {
    HoldCertificate(statement: Data(text.utf8), signature: Data(), chain: [])
  }
}
