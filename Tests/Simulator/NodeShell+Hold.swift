import CutProtocol
import Model

extension NodeShell {
  func perform(_ actions: [MemberHold.Action], of attempt: NodeAttempt) {
    for action in actions {
      switch action {
      case .report(let news):
        if case .frozen = news, attempt.notes.frozenSent == nil { attempt.notes.frozenSent = now }
        report(attempt.fence, attempt.member.name, news)
      case .takeHolds(let lease, let cap): takeHolds(attempt, lease: lease, cap: cap)
      case .cutSnapshots: cutSnapshots(attempt)
      case .renewGuardian(let lease): guardian.renew(attempt.hold, lease: lease)
      case .thaw(let cause): thaw(attempt, cause)
      case .certify: certify(attempt)
      case .discard: close(attempt)
      case .cleanUp(let reason): cleanUp(attempt, reason)
      case .forget: close(attempt)
      }
    }
  }

  private func takeHolds(_ attempt: NodeAttempt, lease: Duration, cap: Duration) {
    let faults = world.faults
    attempt.notes.quiesceBegan = now
    guard guardian.isAlive else {
      return later(.milliseconds(1)) { [self] in
        feed(attempt, .holdFailed(Refusal(.failed, "the guardian is gone")))
      }
    }
    ledger.held.append((attempt.hold, attempt.service))
    guardian.arm(attempt.hold, service: attempt.service, lease: lease, cap: cap)
    if world.mutant == .frozenTooEarly {
      report(attempt.fence, attempt.member.name, .frozen(attempt.hold))
    }
    var delay = random.duration(.milliseconds(1), .milliseconds(30))
    if random.chance(faults.slowQuiescePermille) {
      delay = random.duration(.milliseconds(300), .seconds(5))
      world.census.count("fault:slow-quiesce")
    }
    if random.chance(faults.hungQuiescePermille) {
      delay = .seconds(20)
      world.census.count("fault:hung-quiesce")
    }
    let fails = random.chance(faults.failingQuiescePermille)
    let thirdParty = random.chance(faults.thirdPartyThawPermille)
    let isGuarded = { [self] in guardian.charges.contains { $0.hold == attempt.hold } }
    let life = life
    world.timeline.after(delay) { [self] in
      // What is released, rescued or left by a dead agent before it came into force never does.
      guard isUp, self.life == life, !attempt.isReleased, isGuarded() else { return }
      if fails {
        world.census.count("fault:failing-quiesce")
        return later(.zero) { [self] in
          feed(attempt, .holdFailed(Refusal(.failed, "the quiescer failed")))
        }
      }
      guard world.closed(attempt, on: self) else {
        return later(.zero) { [self] in
          feed(attempt, .holdFailed(Refusal(.failed, "another hold is in force")))
        }
      }
      attempt.notes.held = now
      attempt.notes.tokensAtHold = tokens(attempt)
      attempt.notes.processAtHold = process(attempt)
      if thirdParty { interfere(attempt) }
      later(.microseconds(100)) { [self] in feed(attempt, .holdsTaken) }
    }
  }

  /// Somebody else thaws in the hold, and sometimes freezes again.
  private func interfere(_ attempt: NodeAttempt) {
    let again = random.chance(500)
    world.timeline.after(random.duration(.milliseconds(1), .milliseconds(40))) { [self] in
      guard world.application.services[attempt.service].gate == attempt.hold else { return }
      world.census.count(again ? "fault:thawed-and-frozen-again" : "fault:thawed-by-another")
      world.ghost.update(attempt.hold, service: attempt.service) { $0.wasBroken = true }
      _ = world.application.open(attempt.service)
      guard again else { return world.ghostEnd(attempt.hold, attempt.service) }
      world.timeline.after(random.duration(.milliseconds(1), .milliseconds(10))) { [self] in
        if attempt.isReleased || !world.application.close(attempt.service, attempt.hold) {
          world.ghostEnd(attempt.hold, attempt.service)
        }
      }
    }
  }

  private func tokens(_ attempt: NodeAttempt) -> [StateToken] {
    let writes = world.application.version(attempt.service)
    return [StateToken(quiescer: "filesystem", values: ["writes": "\(writes)"])]
  }

  private func process(_ attempt: NodeAttempt) -> ProcessIdentity {
    ProcessIdentity(
      container: attempt.member.container, pid: 7,
      startTicks: world.application.services[attempt.service].startTicks)
  }

  private func thaw(_ attempt: NodeAttempt, _ cause: ThawCause) {
    world.census.count("thaw:\(cause.rawValue)")
    let hidden = world.mutant == .thirdPartyThawHidden
    attempt.notes.tokensBeforeThaw = hidden ? attempt.notes.tokensAtHold : tokens(attempt)
    attempt.notes.processBeforeThaw = process(attempt)
    attempt.notes.thawBegan = now
    attempt.isReleased = true
    var delay = random.duration(.microseconds(100), .milliseconds(2))
    if random.chance(world.faults.slowReleasePermille) {
      delay = random.duration(.milliseconds(200), .seconds(1))
      world.census.count("fault:slow-release")
    }
    later(delay) { [self] in
      let ended = world.opened(attempt.service, by: "agent \(index)") == attempt.hold
      let word = guardian.disarm(attempt.hold)
      ledger.held.removeAll { $0.hold == attempt.hold && $0.service == attempt.service }
      attempt.notes.thawEnded = now
      let intact = hidden || (ended && word == .idle)
      var findings: [String] = []
      if !ended { findings.append("nothing was held any more") }
      if word == .rescued { findings.append("the guardian had ended the hold before") }
      if word == .gone { findings.append("the guardian was gone at the thaw") }
      world.census.count("finding:\(findings.first ?? "intact")")
      attempt.notes.thaw = ThawEvidence(
        endedThisHold: intact, cause: cause, findings: intact ? [] : findings)
      feed(attempt, .thawed(intact: intact))
    }
  }

  private func certify(_ attempt: NodeAttempt) {
    let notes = attempt.notes
    guard let process = notes.processAtHold, let witness = attempt.machine.witness else {
      return feed(attempt, .certifyFailed(reason: "the hold has no notes"))
    }
    let plan = attempt.sealed.plan
    let statement = HoldStatement(
      fleet: plan.fleet, backup: plan.backup, planHash: attempt.sealed.hash, fence: attempt.fence,
      node: node, member: attempt.member.name, hold: attempt.hold,
      heldAfter: attempt.machine.heldAfter, witness: witness, steps: notes.steps,
      fidelity: fidelity(of: attempt), tokensAtHold: notes.tokensAtHold,
      tokensBeforeThaw: notes.tokensBeforeThaw, processAtHold: process,
      processBeforeThaw: notes.processBeforeThaw, snapshots: notes.snapshots, thaw: notes.thaw,
      heldAt: Timestamp(nanoseconds: 0))
    let isForged = random.chance(world.faults.badSignaturePermille)
    later(random.duration(.milliseconds(1), .milliseconds(6))) { [self] in
      let certificate = world.notary.sign(statement, forged: isForged)
      ledger.keep(certificate, attempt.fence, attempt.member.name)
      later(random.duration(.microseconds(100), .milliseconds(3))) { [self] in
        feed(attempt, .certified(certificate))
      }
    }
  }

  /// Deletes the attempt's snapshots by name once no cut of it is under way, then closes it.
  func cleanUp(_ attempt: NodeAttempt, _ reason: String) {
    later(random.duration(.milliseconds(1), .milliseconds(20))) { [self] in
      guard attempt.cutsUnderWay == 0 else {
        return later(.milliseconds(100)) { [self] in cleanUp(attempt, reason) }
      }
      world.storage.delete(world.storageName(attempt), at: world.timeline.now)
      close(attempt)
      report(attempt.fence, attempt.member.name, .ended(reason: reason))
    }
  }

  private func close(_ attempt: NodeAttempt) {
    ledger.close(attempt.fence, attempt.member.name)
    attempts.removeAll { $0 === attempt }
  }
}
