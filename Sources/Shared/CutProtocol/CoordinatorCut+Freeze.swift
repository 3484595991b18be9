internal import Model

extension CoordinatorCut {
  /// Once every member is prepared: judges the predicted window, then freezes the first level.
  mutating func freezeIfPrepared(at now: Duration) -> [Action] {
    guard case .preparing = state, !members.isEmpty,
      members.values.allSatisfy({ $0.phase == .prepared })
    else { return [] }
    let windows = WindowPrediction(
      preparations: members.compactMapValues(\.preparation), of: members.values.map(\.plan),
      drain: sealed.plan.freeze.drain, roundTrip: times.roundTrip)
    let budget = sealed.plan.freeze.budget.duration
    if let worst = windows.longest, worst.window > budget {
      let refusal = Refusal(
        .hazard,
        "its window is predicted to take \(worst.window.shortText), more than the plan's budget of \(budget.shortText)",
        hint: "raise spec.freeze.budget, or take the slow member out of this plan")
      return endAttempt(worst.member, refusal, at: now)
    }
    let top = sealed.plan.freeze.drain ? members.values.map(\.plan.level).max() ?? 0 : Int.max
    freezeBegan = now
    nextRenewal = now + times.renewal
    return freeze(level: top, at: now)
  }

  /// Orders the freeze of one level; `Int.max` means everybody at once.
  private mutating func freeze(level: Int, at now: Duration) -> [Action] {
    let cap = sealed.plan.freeze.cap.duration
    enter(.freezing(level: level, until: now + cap))
    let already = WitnessVector(members.compactMapValues(\.holdInForce))
    var actions: [Action] = []
    for name in members.keys.sorted() {
      guard let member = members[name], member.phase == .prepared,
        level == Int.max || member.plan.level == level
      else { continue }
      members[name]?.phase = .freezing
      actions.append(
        .send(.freeze(fence: fence, member: name, after: already), to: member.plan.node))
    }
    return actions
  }

  mutating func onFrozen(_ name: ServiceName, _ hold: HoldID, at now: Duration) -> [Action] {
    guard case .freezing(let level, _) = state, let member = members[name] else { return [] }
    guard member.hold == hold else {
      let refusal = Refusal(.failed, "reported another hold than the one that it had prepared")
      return endAttempt(name, refusal, at: now)
    }
    guard member.phase == .freezing else { return [] }
    members[name]?.phase = .frozen
    return [.log(name, "held")] + goOnIfFrozen(level: level, at: now)
  }

  /// Freezes the next level, or witnesses once every member is held.
  mutating func goOnIfFrozen(level: Int, at now: Duration) -> [Action] {
    guard members.values.allSatisfy({ $0.phase != .freezing }) else { return [] }
    if let next = members.values.filter({ $0.phase == .prepared }).map(\.plan.level).max() {
      return freeze(level: next, at: now)
    }
    // The event B of the proof: every FROZEN of this fence has arrived, and the vector is built once.
    let vector = WitnessVector(members.compactMapValues(\.holdInForce))
    enter(.witnessed(until: now + sealed.plan.freeze.cap.duration + times.certificates))
    let witnesses = members.keys.sorted().compactMap { name in
      members[name].map { member in
        Action.send(
          .witness(fence: fence, member: name, vector: vector), to: member.plan.node)
      }
    }
    return witnesses + [.log(nil, "witnessed: every member is held")]
  }

  /// RENEW to those to whom FREEZE was sent, and again what was not answered: a link that broke for a moment costs no attempt.
  ///
  /// A member that is not held yet is renewed within the plan's budget only; after that its lease ends it.
  mutating func renewals(at now: Duration) -> [Action] {
    guard now >= nextRenewal else { return [] }
    nextRenewal = now + times.renewal
    let isInBudget = now < freezeBegan + sealed.plan.freeze.budget.duration
    let vector = WitnessVector(members.compactMapValues(\.holdInForce))
    return members.keys.sorted().flatMap { name -> [Action] in
      guard let member = members[name], let hold = member.hold else { return [] }
      let renew = Action.send(
        .renew(fence: fence, member: name, hold: hold, lease: times.lease), to: member.plan.node)
      switch member.phase {
      case .freezing:
        // The freeze first: a renewal that comes before it finds nothing to extend.
        let freeze = Action.send(
          .freeze(fence: fence, member: name, after: callersHolds(of: member)),
          to: member.plan.node)
        return isInBudget ? [freeze, renew] : [freeze]
      case .frozen:
        let witness = Action.send(
          .witness(fence: fence, member: name, vector: vector), to: member.plan.node)
        return isWitnessed ? [renew, witness] + notices(to: [name]) : [renew]
      case .asked, .prepared, .certified:
        return []
      }
    }
  }

  /// In a cut that drains, the holds of the levels above, which were all in force before this member's freeze was ordered.
  private func callersHolds(of member: AttemptMember) -> WitnessVector {
    let callers = members.values.filter {
      sealed.plan.freeze.drain && $0.plan.level > member.plan.level
    }
    return WitnessVector(
      Dictionary(
        uniqueKeysWithValues: callers.compactMap { caller in
          caller.holdInForce.map { (caller.plan.name, $0) }
        }))
  }

  mutating func onCertified(
    _ certificate: HoldCertificate, _ statement: HoldStatement, at now: Duration
  ) -> [Action] {
    // One of an earlier attempt cannot count: FROZEN and certificates belong to one fence.
    guard case .witnessed = state, statement.fence == fence,
      let member = members[statement.member], member.certificate == nil
    else { return [] }
    members[statement.member]?.certificate = certificate
    members[statement.member]?.statement = statement
    members[statement.member]?.phase = .certified
    let actions: [Action] =
      [
        .keep(certificate, fence, statement.member),
        .log(
          statement.member, "thawed after \(statement.steps.window.shortText), certificate stored"),
      ]
      + onCut(
        statement.member, statement.snapshots + (statement.snapshotsForOthers ?? []))
    guard members.values.allSatisfy({ $0.certificate != nil }) else { return actions }
    return actions + conclude(at: now)
  }

  /// Every certificate is there: evidence, unless one says that its hold was broken and another attempt may do better.
  private mutating func conclude(at now: Duration) -> [Action] {
    let broken = members.keys.sorted().first { members[$0]?.statement?.isIntact == false }
    if let broken, Int(fence.attempt) <= times.pauses.count {
      let finding = members[broken]?.statement?.thaw.findings.first
      return endAttempt(
        broken, Refusal(.failed, finding ?? "its hold was not intact until its thaw"), at: now)
    }
    let evidence = GroupEvidence(
      group: group, fence: fence,
      certificates: members.keys.sorted().compactMap { members[$0]?.certificate },
      leftOut: leftOut)
    enter(.finished)
    return [.finish(.evidence(evidence))]
  }

  /// A member refused, failed or lost its hold.
  mutating func onLoss(of name: ServiceName, _ refusal: Refusal, at now: Duration) -> [Action] {
    guard let member = members[name], member.certificate == nil else { return [] }
    switch state {
    case .waiting, .finished:
      return []
    case .witnessed:
      // The witness names it: nobody can be left out any more.
      return endAttempt(name, refusal, at: now)
    case .preparing, .freezing:
      // A fence that is too low is the coordinator's fault, not the member's: the next attempt has a higher epoch.
      let lost = sharers(of: [name])
      guard sealed.plan.policy == .bestEffort, lost.count < members.count,
        refusal.code != .staleFence
      else { return endAttempt(name, refusal, at: now) }
      return leaveOut(lost, because: [name], refusal, at: now)
    }
  }

  /// Several members were silent in time.
  mutating func loseAll(_ silent: [ServiceName], _ text: String, at now: Duration) -> [Action] {
    let refusal = Refusal(.busy, text)
    let lost = sharers(of: silent)
    guard sealed.plan.policy == .bestEffort, lost.count < members.count else {
      return endAttempt(silent.first, refusal, at: now)
    }
    return leaveOut(lost, because: silent, refusal, at: now)
  }

  private mutating func leaveOut(
    _ names: [ServiceName], because lost: [ServiceName], _ refusal: Refusal, at now: Duration
  ) -> [Action] {
    var actions: [Action] = []
    for name in names {
      guard let member = members.removeValue(forKey: name) else { continue }
      let isSharer = !lost.contains(name)
      let reason =
        (isSharer ? "its volume is cut with that of \(lost[0]): " : "") + refusal.description
      leftOut.append(LeftOut(member: name, reason: reason))
      actions.append(.log(name, "left out: \(reason)"))
      actions.append(
        .send(.abort(fence: fence, member: name, reason: reason), to: member.plan.node))
    }
    if case .freezing(let level, _) = state { return actions + goOnIfFrozen(level: level, at: now) }
    return actions + freezeIfPrepared(at: now)
  }
}
