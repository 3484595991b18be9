import CoordinatorCore
import CutProtocol
import Model
import SeededRandom

/// What a run's fleet is made of; drawn from its seed.
struct FleetShape {
  var nodes: Int
  var members: Int
  var policy: CutPolicy
  var drain: Bool
  /// The first service acknowledges before it is durable.
  var hasWeakMember: Bool
  /// The second service keeps nothing.
  var hasEmptyMember: Bool
  /// The last two services write to one volume.
  var sharesVolume: Bool
  var backups: Int
  var drift: Bool
  /// A second plan has the last two services, so that its backups overlap with the first one's.
  var hasSecondPlan: Bool

  init(random: inout SplitMix64) {
    nodes = 1 + random.below(3)
    members = 2 + random.below(3)
    policy = [CutPolicy.strict, .groups, .bestEffort][random.below(3)]
    drain = random.chance(250)
    hasWeakMember = random.chance(120)
    hasEmptyMember = random.chance(200)
    sharesVolume = random.chance(250) && !hasEmptyMember
    backups = 1 + random.below(2)
    drift = random.chance(500)
    hasSecondPlan = random.chance(500)
    if hasSecondPlan { backups += 1 }
  }

  /// What can stand between an abort and the thaw that it asks for.
  static let delaying: [Fault] = [
    .messageLost, .messageSlow, .coordinatorCrash, .coordinatorStop, .coordinatorSuperseded,
    .oldCatalog, .agentCrash, .agentStop, .agentAndGuardianCrash, .agentStall, .nodeSuspended,
    .nodeReboot, .clonedAgent, .partitionToNode, .partitionToCoordinator, .partitionBoth,
    .flapping, .connectionLost, .slowRelease, .stuckRelease, .catalogSlow, .catalogFailing,
    .catalogFull, .revoked, .certificateExpired, .podMoved,
  ]

  private func name(_ index: Int) -> ServiceName { ServiceName(accepted: "s\(index)") }

  var services: [Application.Service] {
    (0..<members).map { index in
      Application.Service(
        name: name(index), hasVolume: !(hasEmptyMember && index == 1),
        isWeak: hasWeakMember && index == 0, node: index % nodes,
        volume: isSharer(index) ? members - 2 : index)
    }
  }

  private func isSharer(_ index: Int) -> Bool { sharesVolume && index >= members - 2 }

  /// A filesystem cannot be frozen under another service.
  private func hold(_ index: Int) -> HoldSpec {
    isSharer(index) ? .command(CommandHold(pre: [], post: [], fences: true)) : .filesystem
  }

  /// Each service depends on the one before it, or on the one before that where groups are to be apart.
  private func plan(_ text: String, from first: Int) -> PlanRecord {
    let step = policy == .groups ? 2 : 1
    let planned = services.enumerated().dropFirst(first).map { index, service in
      PlannedService(
        name: service.name,
        selector: PlacementSelector(labels: ["app": service.name.text]),
        dependsOn: index - step >= first ? [name(index - step)] : [], holds: [hold(index)],
        volumes: service.hasVolume ? .all : .none)
    }
    let plan = BackupPlan(
      name: PlanName(accepted: text), environment: .test, requires: .applicationConsistent,
      policy: policy, freeze: FreezeLimits(cap: .seconds(5), drain: drain), services: planned)
    return PlanRecord(
      plan: plan, source: "", revision: 1, appliedAt: Timestamp(nanoseconds: 0), appliedBy: "test")
  }

  /// Where the second plan's services begin.
  private var part: Int { members - 2 }

  var plans: [PlanRecord] {
    [plan("shop", from: 0)] + (hasSecondPlan ? [plan("part", from: part)] : [])
  }

  /// What a backup of a plan earns when nothing goes wrong.
  func best(of plan: PlanName) -> Grade {
    if hasWeakMember, plan.text == "shop" || part == 0 { return .crashConsistent }
    return policy == .groups && !sharesVolume ? .groupConsistent : .applicationConsistent
  }
}
