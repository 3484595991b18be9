import CutProtocol
import Foundation
import Model

/// One seeded run from its first backup to silence.
struct Run {
  let seed: UInt64
  private(set) var violations: [Violation] = []
  private(set) var census = Census()
  private(set) var steps = 0
  private(set) var ended = Duration.zero

  /// Everything must be over this long after the last fault.
  private static let limit = Duration.seconds(300)

  init(seed: UInt64, profile: FaultProfile? = nil, mutant: Mutant? = nil) throws {
    self.seed = seed
    let world = World(seed: seed, profile: profile, mutant: mutant)
    try FaultSchedule.apply(to: world)
    var isRunning = true
    while isRunning, world.timeline.step() {
      isRunning = world.timeline.now < FaultProfile.healAt + Self.limit && !Self.isQuiet(world)
    }
    Self.auditEnd(world)
    world.census.count("fault:message-lost", world.network.lost + world.reports.lost)
    world.census.count("fault:message-doubled", world.network.doubled + world.reports.doubled)
    world.census.count("fault:message-slow", world.network.slowed + world.reports.slowed)
    world.census.count("fault:message-blocked", world.network.blocked + world.reports.blocked)
    world.census.count("coordinator:write-refused", world.store.refusals)
    violations = world.ghost.violations
    census = world.census
    steps = world.timeline.steps
    ended = world.timeline.now
    world.timeline.clear()
  }

  private static func isQuiet(_ world: World) -> Bool {
    world.timeline.now > FaultProfile.healAt + .seconds(2)
      && world.wanted.last?.plan.backup == FaultSchedule.finalBackup
      && world.wanted.allSatisfy { world.store.outcome(of: $0.plan.backup) != nil }
      && world.store.begun.allSatisfy { !$0.isOpen }
      && world.nodes.allSatisfy { $0.attempts.isEmpty }
  }

  /// L3 and what else must be true once faults have stopped.
  private static func auditEnd(_ world: World) {
    for plan in world.wanted {
      let backup = plan.plan.backup
      guard let outcome = world.store.outcome(of: backup) else {
        world.violate("L3", "\(backup) has no outcome")
        continue
      }
      BackupAuditor(world: world, outcome: outcome, sealed: plan).checkReferences()
      if world.mutant == nil,
        world.notary.judge(plan, outcome.groups) != outcome.verdict
      {
        world.violate("S11", "\(backup) is judged differently the second time")
      }
      if backup == FaultSchedule.finalBackup { checkFinal(world, plan, outcome) }
    }
    for entry in world.store.begun where entry.isOpen {
      world.violate("L3", "\(entry.member) of \(entry.fence) was never closed")
    }
    for node in world.nodes {
      for attempt in node.attempts {
        world.violate("L3", "\(attempt.member.name) of \(attempt.fence) is left on \(node.node)")
      }
    }
    for service in world.application.services where service.gate != nil {
      world.violate("L1", "\(service.name) is still held at the end")
    }
  }

  /// A backup that is taken after the last fault earns all that its plan and its members allow.
  private static func checkFinal(
    _ world: World, _ plan: SealedPlan, _ outcome: FleetStore.Outcome
  ) {
    let groups = Set(plan.plan.members.map(\.group)).count
    let best: Grade =
      world.profile.weakMember
      ? .crashConsistent : groups > 1 ? .groupConsistent : .applicationConsistent
    if outcome.verdict.grade != best {
      world.violate(
        "L3", "without faults the backup is \(outcome.verdict.grade): \(outcome.verdict.sentence)")
    }
  }
}
