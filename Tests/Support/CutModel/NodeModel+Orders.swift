internal import CutProtocol
internal import Model

extension NodeModel {
  mutating func obey(_ order: CutOrder, at now: Duration, _ outcome: inout Outcome) {
    let fence = order.fence
    if case .prepare(_, _, _, let lease) = order {
      guard attempts[fence] == nil else { return }
      return prepare(fence, lease: lease, at: now, &outcome)
    }
    guard let attempt = attempts[fence] else { return answerUnknown(order, &outcome) }
    if let mutated = withoutRule(order, attempt, at: now, &outcome) {
      return feed(mutated, fence, at: now, &outcome)
    }
    feed(.order(order), fence, at: now, &outcome)
    if case .witness = order, !keeps(.sharedCutAwaited) {
      let guess = CutOrder.cut(
        fence: fence, member: member.name, hold: attempt.machine.hold,
        snapshots: member.records(of: member.entrusted, fence))
      feed(.order(guess), fence, at: now, &outcome)
    }
    if case .renew = order, !attempt.machine.mayBeHeld,
      attempts[fence]?.machine.mayBeHeld == true
    {
      outcome.breach = "S7: a renewal made \(member.name) held"
    }
  }

  private mutating func prepare(
    _ fence: Fence, lease: Duration, at now: Duration, _ outcome: inout Outcome
  ) {
    if keeps(.higherFenceEndsOlder) {
      for older in attempts.keys.sorted() where older < fence {
        feed(.mustEnd(reason: "a newer attempt has replaced it"), older, at: now, &outcome)
        if attempts[older]?.machine.mayBeHeld == true, keeps(.olderHoldIsAwaited) {
          return report(
            .refused(Refusal(.busy, "\(member.name) is still being thawed")), fence, &outcome)
        }
      }
    }
    guard fence > highest || !keeps(.lowerFenceRefused) else {
      return report(
        .refused(
          Refusal(
            .staleFence, "fence \(fence) is not higher than \(highest)", highestFence: highest)),
        fence, &outcome)
    }
    if fence < highest { outcome.breach = "S6: fence \(fence) was accepted after \(highest)" }
    highest = max(highest, fence)
    attempts[fence] = Attempt(
      machine: MemberHold(
        fence: fence, member: member.name, hold: ModelFleet.hold(on: member.node, fence),
        lease: lease, cap: cap, volumes: member.volumes))
    truth[fence] = truth[fence] ?? Truth()
  }

  private mutating func answerUnknown(_ order: CutOrder, _ outcome: inout Outcome) {
    switch order {
    case .abort, .query, .settled:
      report(.ended(reason: "this node has nothing of the attempt"), order.fence, &outcome)
    case .freeze, .renew, .witness, .cut, .prepare:
      let refusal = Refusal(
        .expired, "\(member.name) is not prepared for the attempt", highestFence: highest)
      report(.nack(refusal), order.fence, &outcome)
    }
  }

  func report(_ news: CutReport.News, _ fence: Fence, _ outcome: inout Outcome) {
    outcome.words.append("report \(news.word)")
    outcome.reports.append(CutReport(fence: fence, member: member.name, news: news))
  }

  mutating func feed(
    _ event: MemberHold.Event, _ fence: Fence, at now: Duration, _ outcome: inout Outcome
  ) {
    guard let actions = attempts[fence]?.machine.apply(event, at: now) else { return }
    for action in actions { perform(action, fence, event, at: now, &outcome) }
  }

  private mutating func perform(
    _ action: MemberHold.Action, _ fence: Fence, _ event: MemberHold.Event, at now: Duration,
    _ outcome: inout Outcome
  ) {
    if let word = action.word { outcome.words.append(word) }
    switch action {
    case .report(let news): report(news, fence, &outcome)
    case .takeHolds: takeHolds(fence, event, at: now, &outcome)
    case .cutSnapshots:
      // Without its rule a delegate has cut when it was held.
      let isDone = attempts[fence]?.hasSnapshots == true && !keeps(.sharedCutAfterAll)
      attempts[fence]?.isCutting = !isDone
      if !keeps(.snapshotsAwaited) { feed(.snapshotsCut, fence, at: now, &outcome) }
    case .announceCut:
      report(.cut(member.records(of: member.ownCuts, fence)), fence, &outcome)
    case .cleanUp: attempts[fence]?.isCleaning = true
    case .discard where attempts[fence]?.hold == HoldPhase.none: attempts[fence] = nil
    case .forget:
      attempts[fence] = nil
      report(.ended(reason: "settled"), fence, &outcome)
    case .renewGuardian, .thaw, .certify, .discard: break
    }
  }

  private mutating func takeHolds(
    _ fence: Fence, _ event: MemberHold.Event, at now: Duration, _ outcome: inout Outcome
  ) {
    if case .order(.freeze) = event {
    } else {
      outcome.breach = "S17: \(member.name) was frozen by something else than a freeze order"
    }
    if truth[fence]?.wasFrozen == true {
      outcome.breach = "S4: \(member.name) was frozen twice for \(fence)"
    }
    if fence < highest { outcome.breach = "S6: \(member.name) was frozen for the lower \(fence)" }
    let others = attempts.filter { $0.key != fence && $0.value.hold == .inForce }
    if let other = others.keys.min() {
      outcome.breach = "S18: \(fence) and \(other) hold \(member.name) together"
    }
    truth[fence]?.wasFrozen = true
    attempts[fence]?.hold = .taking
    if !keeps(.heldBeforeReported) {
      report(.frozen(ModelFleet.hold(on: member.node, fence)), fence, &outcome)
    }
  }
}
