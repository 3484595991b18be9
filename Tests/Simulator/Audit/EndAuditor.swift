import CoordinatorCore
import CutProtocol
import Model

/// What must be true once faults have stopped and everybody has had time.
struct EndAuditor {
  let world: World
  let finals: [BackupID]

  func check() {
    for backup in world.store.backups {
      let id = backup.plan.plan.backup
      guard let outcome = backup.outcome else {
        world.violate("L3", "\(id) has no outcome")
        continue
      }
      BackupAuditor(world: world, outcome: outcome, sealed: backup.plan).checkReferences()
      checkAgain(outcome, backup.plan)
    }
    checkFinal()
    for attempt in world.store.attempts where attempt.isOpen {
      world.violate("L3", "\(attempt.member) of \(attempt.fence) was never closed")
    }
    for node in world.nodes {
      for fence in world.openAttempts(on: node) {
        world.violate("L3", "attempt \(fence) is left on \(node.id)")
      }
    }
    for service in world.application.services where service.gate != nil {
      world.violate("L1", "\(service.name) is still held at the end")
    }
    checkOrphans()
  }

  /// S11: the same evidence, the same grade; the sentence of a failed cut may say more.
  private func checkAgain(_ outcome: CutOutcome, _ plan: SealedPlan) {
    guard world.mutant.mutant == nil else { return }
    let again = world.notary.judge(plan, outcome.groups)
    guard again.grade == outcome.verdict.grade, again.findings == outcome.verdict.findings else {
      return world.violate(
        "S11", "\(outcome.backup) is judged as \(again) after \(outcome.verdict)")
    }
  }

  /// Backups that are taken after the last fault earn all that their plans and members allow, also those that are asked for
  /// at once and have members in common.
  private func checkFinal() {
    if finals.isEmpty { world.violate("L3", "no backup was taken after the last fault") }
    for id in finals {
      guard let backup = world.store.backup(id), let outcome = backup.outcome else {
        world.violate("L3", "\(id), after the last fault, was not taken")
        continue
      }
      if outcome.verdict.grade != world.shape.best(of: backup.plan.plan.plan) {
        world.violate(
          finals.count > 1 ? "L9" : "L3",
          "without faults \(id) is \(outcome.verdict.grade): \(outcome.verdict.sentence)")
      }
    }
  }

  /// S14: a snapshot that no backup refers to has been deleted.
  private func checkOrphans() {
    // What a certificate names goes with its backup, whether or not the certificate is believed.
    let referenced = Set(
      world.store.backups.compactMap(\.outcome).flatMap(\.groups).flatMap(\.certificates)
        .compactMap { try? $0.decoded() }.flatMap(\.snapshots).map(\.handle.text))
    for snapshot in world.storage.snapshots
    where snapshot.deletedAt == nil && !snapshot.isEarlyAnswer
      && !referenced.contains(snapshot.handle) && world.clones.isEmpty
    {
      // Where an old catalog has forgotten a backup, its snapshots wait for whoever rebuilds it.
      guard !world.orphanedByRestore.contains(where: { snapshot.name.hasPrefix("sp-\($0)-") })
      else {
        continue
      }
      world.violate("S14", "snapshot \(snapshot.handle) belongs to nothing and is still there")
    }
  }
}
