internal import CutProtocol
internal import Lifecycle
internal import Logging
internal import Model

extension MemberAttempt {
  /// Runs prepare and feeds its outcome.
  func prepare(cap: Duration) async {
    do {
      let ready = try await MemberPreparation.prepare(
        member, for: plannedCut(cap: cap), in: environment)
      prepared = ready
      feed(.prepared(ready.preparation))
    } catch {
      await environment.snapshots.discard(snapshotName)
      feed(.prepareFailed(error))
    }
  }

  private var cutsForOthers: [MemberVolume] { plan?.plan.cutsForOthers(by: member) ?? [] }

  private func plannedCut(cap: Duration) -> PlannedCut {
    var volumes: [ServiceName: [MemberVolume]] = [key.member: member.ownCuts]
    for other in plan?.plan.members ?? [] { volumes[other.name] = other.ownCuts }
    let budget = plan?.plan.freeze.budget.duration ?? cap
    return PlannedCut(
      name: snapshotName, volumes: volumes, forOthers: cutsForOthers, entrusted: member.entrusted,
      budget: budget, cap: cap,
      rules: plan?.plan.snapshots ?? SnapshotRules())
  }

  func takeHolds(lease: Duration, cap: Duration) async {
    // A thaw may have overtaken this: what it could not release must not be begun any more.
    guard let prepared, record.thawBegan == nil else {
      return feed(.holdFailed(Refusal(.failed, "the hold was ended before it was begun")))
    }
    let member = HeldMember(holds: prepared.holds, clock: environment.clock)
    held = member
    let readiness = prepared.holds.map(\.readiness)
    record.process = prepared.target.process
    record.fidelity = prepared.preparation.fidelity
    record.ordered = environment.clock.now()
    do {
      // Both end the last hold first, as a release does: what one of the earlier holds asks needs an application that runs.
      try environment.rescues.write(
        HoldRecord(
          hold: hold, member: key.member, fence: key.fence, takenAt: environment.clock.timestamp(),
          rescue: readiness.reversed().flatMap(\.record)))
      try await environment.guardian.arm(hold, rescue: rescues, lease: lease, cap: cap)
      isArmed = true
      // One that came while the guardian was being told would have found nothing armed.
      if let missed = renewalBeforeArming { await renewGuardian(missed) }
      record.quiesceBegan = environment.clock.now()
      record.held = try await member.take()
      record.heldAt = await member.heldAt
      feed(.holdsTaken)
    } catch {
      // A thaw that was over while the guardian was still being told had nothing to disarm yet. One that goes on does so itself.
      if record.thawEnded != nil, !isLeftToGuardian { _ = await environment.guardian.disarm(hold) }
      feed(.holdFailed(error))
    }
  }

  private var rescues: [Rescue] {
    (prepared?.holds ?? []).reversed().flatMap(\.readiness.rescue)
  }

  /// Passes a renewal on. The quiescers need none: what they take ends by itself with the cap at the earliest.
  func renewGuardian(_ lease: Duration) async {
    guard isArmed else {
      renewalBeforeArming = lease
      return
    }
    do {
      try await environment.guardian.renew(hold, lease: lease)
    } catch {
      feed(.mustEnd(reason: "the guardian could not be told to renew: \(error.message)"))
    }
  }

  func cutSnapshots() async {
    let outcome: MemberHold.Event
    if hasDelegates, witness != nil { await held?.allHeld() }
    do {
      if !member.ownCuts.isEmpty {
        let origin = record.ordered ?? .zero
        let clock = environment.clock
        record.snapshots = try await environment.snapshots.cut(
          member.ownCuts + cutsForOthers, name: snapshotName, clock: { clock.now() - origin })
      }
      outcome = .snapshotsCut
    } catch {
      outcome = .snapshotFailed(error)
    }
    cutsUnderWay -= 1
    feed(outcome)
  }

  /// Ends the hold, whatever it has reached; nothing here waits for something that is not bounded.
  func thaw(_ cause: ThawCause) async {
    if cause == .complete {
      if hasDelegates { await held?.allHeld() }
      await held?.sampleBeforeThaw()
      if let process = prepared?.target.process {
        // A process that cannot be read any more is not the one that was held: the statement then has none.
        record.processBeforeThaw = try? environment.identify(process.container, process.pid)
      }
    }
    record.thawBegan = environment.clock.now()
    let findings = await held?.release() ?? []
    isLeftToGuardian = findings.contains(where: \.mayHold)
    record.thawEnded = environment.clock.now()
    record.tokensAtHold = await held?.tokensAtHold ?? []
    record.tokensBeforeThaw = await held?.tokensBeforeThaw ?? []
    let mayHold = isLeftToGuardian
    let guardian = mayHold ? .idle : await environment.guardian.disarm(hold)
    if guardian == .rescuing { isLeftToGuardian = true }
    var sentences = findings.compactMap(\.finding)
    switch guardian {
    case .idle: break
    case .rescued, .rescuing: sentences.append("the guardian had ended the hold before")
    case .gone: sentences.append("the guardian was gone at the thaw")
    }
    var intact = findings.allSatisfy(\.endedThisHold) && guardian == .idle
    if cause == .complete {
      let examined = await held?.examine() ?? []
      intact = intact && examined.isEmpty
      sentences += examined
    }
    record.thaw = ThawEvidence(endedThisHold: intact, cause: cause, findings: sentences)
    environment.logger.notice(
      "hold ended",
      metadata: [
        "member": "\(key.member)", "hold": "\(hold)", "cause": "\(cause.rawValue)",
        "held": "\(heldFor.shortText)",
      ])
    feed(.thawed(intact: intact))
    if isLeftToGuardian {
      let (left, rescue) = (mayHold ? held : nil, rescues)
      crew.run { await self.leaveToGuardian(left, rescue) }
    } else {
      forgetRescue()
    }
    await discardPrepared()
  }

  /// The release could not tell that everything is over: the guardian stays armed until it is, and acts when the lease has
  /// passed or this agent dies; what cannot be ended here is the guardian's at once. Or the guardian was not done: without
  /// `held` only that is waited for.
  private func leaveToGuardian(_ held: HeldMember?, _ rescue: [Rescue]) async {
    let metadata: Logger.Metadata = ["member": "\(key.member)", "hold": "\(hold)"]
    environment.logger.error("hold not known to be over after its release", metadata: metadata)
    let isOver = await held?.waitUntilOver() ?? true
    // The agent stops; the guardian ends it when this process is gone.
    guard !Task.isCancelled else { return }
    var guardian =
      isOver ? await environment.guardian.disarm(hold) : await environment.guardian.end(hold)
    while guardian == .rescuing || (guardian == .gone && !isOver) {
      guard await pause(.milliseconds(250)) else { return }
      guardian =
        guardian == .gone ? await endBySuccessor(rescue) : await environment.guardian.disarm(hold)
    }
    isLeftToGuardian = false
    environment.logger.notice(
      isOver ? "hold over" : "guardian has done what it can to end the hold", metadata: metadata)
    forgetRescue()
  }

  /// The guardian has died before it could end the hold.
  private func endBySuccessor(_ rescue: [Rescue]) async -> GuardianFinding {
    do throws(Refusal) {
      try await environment.guardian.arm(
        hold, rescue: rescue, lease: .milliseconds(1), cap: .milliseconds(1))
    } catch {
      environment.logger.error(
        "hold not ended yet",
        metadata: ["member": "\(key.member)", "hold": "\(hold)", "error": "\(error)"])
    }
    return await environment.guardian.end(hold)
  }

  /// False when the agent stops.
  private func pause(_ time: Duration) async -> Bool {
    let clock = environment.clock
    return (try? await clock.sleep(until: clock.now() + time)) != nil
  }

  /// Waits until a hold that was left to the guardian is over; false when the agent stops before.
  func isOver() async -> Bool {
    while isLeftToGuardian {
      guard await pause(.milliseconds(100)) else { return false }
    }
    return true
  }

  private func forgetRescue() {
    do {
      try environment.rescues.remove(hold)
    } catch {
      // Thawing once more at the next start what is not frozen does nothing.
      environment.logger.warning("hold record not removed", metadata: ["error": "\(error)"])
    }
  }

  private var heldFor: Duration {
    guard let began = record.quiesceBegan, let ended = record.thawEnded else { return .zero }
    return ended - began
  }

  /// Closes what prepare opened, after a hold that is still being taken has come back.
  func discardPrepared() async {
    if let held {
      while await !held.discard() {
        guard
          (try? await environment.clock.sleep(
            until: environment.clock.now() + .milliseconds(100))) != nil
        else { return }
      }
    } else {
      for hold in (prepared?.holds ?? []).reversed() { await hold.discard() }
    }
    prepared = nil
    held = nil
    await environment.snapshots.discard(snapshotName)
    guard record.ordered == nil else { return }
    // Nothing was ever held: no snapshot can exist, and the attempt is over.
    await closeEntry()
  }
}
