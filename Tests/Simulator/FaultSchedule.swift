import CutProtocol
import Foundation
import Model

/// When the faults of a profile strike: mostly near a cut, where they can do harm.
enum FaultSchedule {
  static let finalBackup = BackupID(accepted: "final")
  private static let firstCut = Duration.seconds(1)

  static func apply(to world: World) throws {
    let profile = world.profile
    if profile.restoresOldCatalog {
      // The agents have served a later life of this coordinator than its catalog remembers.
      for node in world.nodes where world.random.chance(700) {
        node.ledger.highest = Fence(epoch: 6, cut: 1, attempt: 1)
      }
    }
    for node in world.nodes { node.start() }
    world.startCoordinator()
    try requestBackups(world)
    for _ in 0..<profile.coordinatorCrashes { crashCoordinator(world) }
    for _ in 0..<profile.agentCrashes { crashAgent(world) }
    for _ in 0..<profile.agentStalls { stallAgent(world) }
    for _ in 0..<profile.guardianDeaths { killGuardian(world) }
    for _ in 0..<profile.partitions { partition(world) }
    world.timeline.after(FaultProfile.healAt) { world.heal() }
    let final = try plan(world, finalBackup)
    requestFinal(world, final)
  }

  static func plan(_ world: World, _ backup: BackupID) throws -> SealedPlan {
    let policy = [CutPolicy.strict, .groups, .bestEffort][world.profile.policyIndex]
    let members = world.application.services.enumerated().map { index, service in
      MemberPlan(
        name: service.name, node: world.node(of: service.name),
        container: ContainerID(accepted: "c\(index)"), containerName: "c", pod: "p",
        namespace: "shop", image: "i", imageDigest: "", holds: [.filesystem],
        volumes: service.hasVolume ? [volume(index)] : [], dependsOn: [],
        group: policy == .groups ? index % 2 : 0, level: index)
    }
    return try SealedPlan(
      CutPlan(
        backup: backup, fleet: FleetID(accepted: "fleet"), plan: PlanName(accepted: "shop"),
        environment: .test, requires: .applicationConsistent, policy: policy,
        freeze: FreezeLimits(
          budget: world.profile.budget, cap: .seconds(5), drain: world.profile.drain),
        createdAt: Timestamp(nanoseconds: 0), members: members))
  }

  private static func volume(_ index: Int) -> MemberVolume {
    MemberVolume(
      containerPath: "/data",
      volume: VolumeRef(
        driver: DriverName(accepted: "d"), handle: VolumeHandle(accepted: "v\(index)"),
        publishedAt: "/v\(index)"))
  }

  private static func requestBackups(_ world: World) throws {
    for number in 0..<world.profile.backups {
      let sealed = try plan(world, BackupID(accepted: "b\(number)"))
      var at = firstCut
      if number > 0 {
        at +=
          world.random.chance(300)
          ? world.random.duration(.zero, .milliseconds(200))
          : world.random.duration(.zero, .seconds(20))
      }
      world.timeline.after(at) { world.request(sealed) }
      if world.profile.cancels {
        world.timeline.after(at + world.random.duration(.zero, .milliseconds(150))) {
          world.census.count("fault:cancelled")
          world.coordinator?.cancel(sealed.plan.backup)
        }
      }
    }
  }

  private static func requestFinal(_ world: World, _ sealed: SealedPlan) {
    world.timeline.after(FaultProfile.healAt + .seconds(1)) { pollFinal(world, sealed) }
  }

  private static func pollFinal(_ world: World, _ sealed: SealedPlan) {
    if world.wanted.allSatisfy({ world.store.outcome(of: $0.plan.backup) != nil }),
      world.store.begun.allSatisfy({ !$0.isOpen })
    {
      world.request(sealed)
    } else {
      world.timeline.after(.seconds(1)) { pollFinal(world, sealed) }
    }
  }

  private static func moment(_ world: World) -> Duration {
    world.random.chance(700)
      ? firstCut + world.random.duration(.zero, .milliseconds(250))
      : world.random.duration(firstCut, .seconds(25))
  }

  private static func crashCoordinator(_ world: World) {
    let pause = world.random.duration(.milliseconds(100), .seconds(5))
    let staysAlive = world.profile.zombies && world.random.chance(500)
    world.timeline.after(moment(world)) {
      guard let old = world.coordinator, old.isUp else { return }
      world.census.count(staysAlive ? "fault:coordinator-superseded" : "fault:coordinator-crashed")
      if staysAlive {
        old.isZombie = true
        world.startCoordinator()
      } else {
        old.stop()
        world.timeline.after(pause) {
          if world.coordinator?.isUp != true { world.startCoordinator() }
        }
      }
    }
  }

  private static func crashAgent(_ world: World) {
    let node = world.nodes[world.random.below(world.nodes.count)]
    let pause = world.random.duration(.milliseconds(50), .seconds(8))
    let takesGuardian = world.random.chance(400)
    world.timeline.after(moment(world)) {
      world.census.count(takesGuardian ? "fault:agent-and-guardian-died" : "fault:agent-crashed")
      if takesGuardian { node.guardianDies() }
      node.crash()
      world.timeline.after(pause) { node.start() }
    }
  }

  private static func stallAgent(_ world: World) {
    let node = world.nodes[world.random.below(world.nodes.count)]
    let time = world.random.duration(.milliseconds(10), .seconds(6))
    world.timeline.after(moment(world)) {
      world.census.count("fault:agent-stalled")
      node.stall(for: time)
    }
  }

  private static func killGuardian(_ world: World) {
    let node = world.nodes[world.random.below(world.nodes.count)]
    world.timeline.after(moment(world)) {
      world.census.count("fault:guardian-died")
      node.guardianDies()
    }
  }

  private static func partition(_ world: World) {
    let node = world.random.below(world.nodes.count)
    let directions = world.random.below(3)
    let time = world.random.duration(.milliseconds(20), .seconds(12))
    world.timeline.after(moment(world)) {
      world.census.count("fault:partitioned-\(["to-node", "to-coordinator", "both"][directions])")
      if directions != 1 { world.network.partition(node: node, .toNode, true) }
      if directions != 0 { world.reports.partition(node: node, .toCoordinator, true) }
      world.timeline.after(time) {
        world.network.partition(node: node, .toNode, false)
        world.reports.partition(node: node, .toCoordinator, false)
      }
    }
  }
}
