internal import Model

/// What one member's certificate proves by itself and beside the others of its group.
struct MemberJudgement {
  let member: MemberPlan
  let statement: HoldStatement?
  private(set) var grade: Grade
  private(set) var finding: MemberFinding?

  init(plan: SealedPlan, fence: Fence, member: MemberPlan, accounts: [Grader.Account]) {
    self.member = member
    var believed: [HoldStatement] = []
    var rejection: String?
    for account in accounts {
      switch account {
      case .believed(let statement) where statement.member == member.name:
        believed.append(statement)
      case .rejected(let claimed, let reason) where claimed == member.name || claimed == nil:
        rejection = reason
      case .believed, .rejected: break
      }
    }
    guard let statement = believed.first else {
      self.statement = nil
      let reason = rejection.map { "its certificate is not believed: \($0)" }
      // Without a certificate nothing says that a snapshot exists; with a refused one, something claims so.
      self.grade = rejection == nil ? .failed : .unproven
      self.finding = MemberFinding(
        member: member.name, grade: grade, finding: reason ?? "there is no certificate of its hold")
      return
    }
    self.statement = statement
    self.grade = .applicationConsistent
    if believed.contains(where: { $0 != statement }) {
      lower(to: .unproven, "two certificates contradict each other")
    }
    judgeIdentity(statement, plan: plan, fence: fence)
    judgeOrder(statement)
    judgeSnapshots(statement, backup: plan.plan.backup)
    judgeHold(statement)
  }

  /// Remembers the first finding of the lowest grade.
  private mutating func lower(to lower: Grade, _ text: String) {
    guard lower < grade else { return }
    grade = lower
    finding = MemberFinding(member: member.name, grade: lower, finding: text)
  }

  private mutating func judgeIdentity(_ statement: HoldStatement, plan: SealedPlan, fence: Fence) {
    if statement.version != HoldStatement.currentVersion {
      lower(to: .unproven, "its certificate has version \(statement.version), not known here")
    }
    if statement.planHash != plan.hash || statement.backup != plan.plan.backup
      || statement.fleet != plan.plan.fleet
    {
      lower(to: .unproven, "its certificate belongs to another backup's plan")
    }
    if statement.fence != fence {
      lower(to: .unproven, "its certificate is of attempt \(statement.fence), not \(fence)")
    }
    if statement.node != member.node {
      lower(to: .unproven, "its certificate comes from \(statement.node), not \(member.node)")
    }
  }

  /// fᵢ → aᵢ, and both wᵢ and oᵢ → tᵢ: the agent's own order on its own clock.
  private mutating func judgeOrder(_ statement: HoldStatement) {
    let steps = statement.steps
    if !(steps.quiesceBegan <= steps.held && steps.held <= steps.frozenSent) {
      lower(to: .unproven, "it was reported as frozen before its hold was complete")
    }
    if !(steps.frozenSent <= steps.witnessReceived && steps.witnessReceived <= steps.thawBegan) {
      lower(to: .unproven, "its thaw began before the witness had arrived")
    }
    if steps.thawEnded < steps.thawBegan {
      lower(to: .unproven, "its thaw ended before it began")
    }
  }

  private mutating func judgeSnapshots(_ statement: HoldStatement, backup: BackupID) {
    for wanted in member.volumes {
      let found = statement.snapshots.filter {
        $0.containerPath == wanted.containerPath && $0.volume == wanted.volume
      }
      guard let snapshot = found.first else {
        lower(to: .failed, "the snapshot of \(wanted.containerPath) is missing")
        continue
      }
      let taker = wanted.delegate ?? member.name
      if snapshot.takenBy ?? member.name != taker {
        lower(to: .unproven, "the snapshot of \(wanted.containerPath) was not taken by \(taker)")
      }
      if found.count > 1
        || taker == member.name && !statement.mayName(snapshot, of: wanted.volume, in: backup)
      {
        lower(
          to: .unproven, "the snapshot of \(wanted.containerPath) is not named after this hold")
      }
      if wanted.delegate == member.name, snapshot.requested < statement.steps.witnessReceived {
        lower(
          to: .unproven,
          "the snapshot of \(wanted.containerPath) was requested before all who share it were "
            + "known to be held")
      }
      if snapshot.requested < statement.steps.held {
        lower(
          to: .unproven,
          "the snapshot of \(wanted.containerPath) was requested before the hold was complete")
      }
      if snapshot.acknowledged > statement.steps.thawBegan
        || snapshot.acknowledged < snapshot.requested
      {
        lower(
          to: .unproven,
          "the snapshot of \(wanted.containerPath) was answered after the thaw began")
      }
    }
  }

  private mutating func judgeHold(_ statement: HoldStatement) {
    if !statement.thaw.endedThisHold || statement.thaw.cause != .complete {
      let detail = statement.thaw.findings.first ?? statement.thaw.cause.rawValue
      lower(to: .unproven, "its hold was not in force until its thaw: \(detail)")
    }
    if statement.tokensAtHold.map(\.quiescer) != member.holds.map(\.quiescer) {
      // Without a token for each hold nothing says that the state stood still: two empty lists are equal too.
      lower(to: .unproven, "a state token of its holds is missing")
    }
    if statement.tokensAtHold != statement.tokensBeforeThaw {
      let changed = zip(statement.tokensAtHold, statement.tokensBeforeThaw).first { $0 != $1 }
      lower(
        to: .unproven,
        "its durable state changed during the hold (\(changed?.0.quiescer ?? "token missing"))")
    }
    if statement.processAtHold.container != member.container
      || statement.processBeforeThaw != statement.processAtHold
    {
      lower(to: .unproven, "its container was replaced during the hold")
    }
    let fidelity = statement.fidelity
    // A member without volumes keeps nothing durable: there is nothing that F1 to F3 could fail for.
    guard !member.volumes.isEmpty else { return }
    let groups = Set(statement.snapshots.map(\.group))
    let isOneSnapshot = member.volumes.count <= 1 || (groups.count == 1 && !groups.contains(nil))
    let isAtomic = isOneSnapshot && !fidelity.storageIsCopied
    if let open = member.volumes.first(where: { $0.unheldWriters?.isEmpty == false }) {
      lower(
        to: isAtomic ? .crashConsistent : .unproven,
        "F1: \(open.containerPath) may be written to by \(open.unheldWriters?.first ?? ""), which takes no part in the cut"
      )
    }
    guard !fidelity.isFull else { return }
    let reason = fidelity.reasons.first ?? "its holds do not give F1 to F3"
    lower(to: fidelity.durableStateConstant || isAtomic ? .crashConsistent : .unproven, reason)
  }

  /// What a delegate cut belongs to all who share the volume: it must say so itself, of a hold that the common witness names, and
  /// none of them may be missing.
  mutating func compareShared(with others: [MemberJudgement], of plan: CutPlan) {
    guard let statement else { return }
    for wanted in member.volumes {
      guard let delegate = wanted.delegate else { continue }
      let sharers = plan.members.filter { other in
        other.volumes.contains { $0.volume.identity == wanted.volume.identity }
      }
      if let missing = sharers.first(where: { sharer in
        !others.contains { $0.member.name == sharer.name }
      }) {
        lower(to: .unproven, "\(missing.name), which shares \(wanted.containerPath), was left out")
      }
      guard delegate != member.name,
        let known = statement.snapshots.first(where: {
          $0.containerPath == wanted.containerPath && $0.volume == wanted.volume
        })
      else { continue }
      let taken = others.first { $0.member.name == delegate }?.statement
      if taken?.hasTaken(known, for: statement, in: plan.backup) != true {
        lower(
          to: .unproven,
          "nothing proves that \(delegate) took the snapshot of \(wanted.containerPath) while this member was held"
        )
      }
    }
  }

  /// S9: one witness vector for all, which names this very hold and nobody else than the members.
  mutating func compare(with common: WitnessVector?, expected: Set<ServiceName>) {
    guard let statement, grade > .serviceConsistent else { return }
    let vector = statement.witness
    if vector.hold(of: member.name) != statement.hold {
      lower(to: .serviceConsistent, "its witness names another hold")
    } else if vector != common {
      lower(to: .serviceConsistent, "its witness differs from that of another member")
    } else if Set(vector.entries.map(\.member)) != expected
      || vector.entries.count != expected.count
    {
      lower(to: .serviceConsistent, "its witness does not name all members of the cut")
    }
  }

  /// Whether every caller (higher level) was provably held before this member was told to freeze.
  func followed(_ others: [MemberJudgement]) -> Bool {
    guard let statement else { return false }
    return others.allSatisfy { other in
      guard other.member.level > member.level else { return true }
      return other.statement.map { statement.heldAfter.hold(of: other.member.name) == $0.hold }
        ?? false
    }
  }
}

extension HoldStatement {
  /// Whether a snapshot bears a name of this hold.
  func mayName(_ snapshot: SnapshotRecord, of volume: VolumeRef, in backup: BackupID) -> Bool {
    let name = SnapshotName(fence: fence, member: member, hold: hold, backup: backup)
    return [name.text(volume: volume.handle), name.text(volume: nil)].contains(snapshot.name)
  }

  /// Whether this delegate signed that it took the snapshot after the witness of the sharer's own hold.
  fileprivate func hasTaken(
    _ snapshot: SnapshotRecord, for sharer: HoldStatement, in backup: BackupID
  ) -> Bool {
    witness == sharer.witness && witness.hold(of: member) == hold
      && witness.hold(of: sharer.member) == sharer.hold
      && (snapshots + (snapshotsForOthers ?? [])).contains { own in
        own.volume.identity == snapshot.volume.identity && own.takenBy == nil
          && own.handle == snapshot.handle && own.name == snapshot.name
          && mayName(own, of: own.volume, in: backup) && own.requested >= steps.witnessReceived
          && own.acknowledged <= steps.thawBegan
      }
  }
}
