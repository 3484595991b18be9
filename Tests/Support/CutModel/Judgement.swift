package import CutProtocol
internal import Model

/// The production verdict on a model's evidence.
package enum Judgement {
  package static func verdict(
    of evidence: GroupEvidence?, in fleet: ModelFleet, without rule: Rule? = nil
  ) -> Verdict {
    guard let evidence else { return Grader.judge(plan: fleet.sealed, groups: []) }
    let statements = evidence.certificates.compactMap {
      try? Account.read($0).statement(in: fleet)
    }
    return verdict(
      on: statements, fence: evidence.fence, leftOut: evidence.leftOut, in: fleet, without: rule)
  }

  package static func verdict(
    on statements: [HoldStatement], fence: Fence, leftOut: [LeftOut], in fleet: ModelFleet,
    without rule: Rule? = nil
  ) -> Verdict {
    var statements = statements
    if let rule {
      for index in statements.indices { spare(rule, &statements[index], fence, fleet) }
      if rule == .sameVector, let vector = statements.first?.witness {
        for index in statements.indices { statements[index].witness = vector }
      }
    }
    return Grader.judge(
      plan: fleet.sealed,
      groups: [
        Grader.JudgedGroup(
          group: 0, fence: fence, accounts: statements.map(Grader.Account.believed),
          leftOut: leftOut)
      ])
  }

  /// Makes a statement look as the rule wants it, so that a verdict is drawn as if the rule did not exist.
  private static func spare(
    _ rule: Rule, _ statement: inout HoldStatement, _ fence: Fence, _ fleet: ModelFleet
  ) {
    let steps = statement.steps
    switch rule {
    case .sameFence: statement.fence = fence
    case .samePlan: statement.planHash = fleet.sealed.hash
    case .holdEndedByItsThaw:
      statement.thaw = ThawEvidence(endedThisHold: true, cause: .complete)
    case .tokenUnchanged: statement.tokensBeforeThaw = statement.tokensAtHold
    case .processUnchanged: statement.processBeforeThaw = statement.processAtHold
    case .fidelityStated: statement.fidelity = .full
    case .witnessBeforeThaw:
      statement.steps.witnessReceived = min(steps.witnessReceived, steps.thawBegan)
    case .heldBeforeFrozenSent: statement.steps.held = min(steps.held, steps.frozenSent)
    case .lateSnapshotIsAnOrphan:
      for index in statement.snapshots.indices {
        statement.snapshots[index].acknowledged = min(
          statement.snapshots[index].acknowledged, steps.thawBegan)
      }
    case .requestedInTheHold:
      for index in statement.snapshots.indices {
        statement.snapshots[index].requested = max(
          statement.snapshots[index].requested, steps.held)
      }
    case .snapshotOfThisHold:
      let name = SnapshotName(
        fence: statement.fence, member: statement.member, hold: statement.hold,
        backup: fleet.sealed.plan.backup)
      for index in statement.snapshots.indices where statement.snapshots[index].takenBy == nil {
        let volume = statement.snapshots[index].volume.handle
        statement.snapshots[index].name = name.text(volume: volume)
      }
    case .sharedRequestedLate:
      for index in statement.snapshots.indices where statement.snapshots[index].takenBy == nil {
        statement.snapshots[index].requested = max(
          statement.snapshots[index].requested, steps.witnessReceived)
      }
    case .sharedIsSigned:
      let plan = fleet.sealed.plan.member(statement.member)
      let right = plan.map { $0.records(of: $0.entrusted, statement.fence) } ?? []
      statement.snapshots = statement.snapshots.filter { $0.takenBy == nil } + right
    case .tokenForEachHold:
      let kind = fleet.sealed.plan.member(statement.member)?.holds.map(\.quiescer) ?? []
      if statement.tokensAtHold.isEmpty {
        statement.tokensAtHold = kind.map { StateToken(quiescer: $0, values: [:]) }
        statement.tokensBeforeThaw = statement.tokensAtHold
      }
    case .drainIsProved:
      let callers = fleet.members.filter {
        $0.level > (fleet.sealed.plan.member(statement.member)?.level ?? 0)
      }
      statement.heldAfter = WitnessVector(
        Dictionary(
          uniqueKeysWithValues: callers.map {
            ($0.name, ModelFleet.hold(on: $0.node, statement.fence))
          }))
    default: break
    }
  }
}
