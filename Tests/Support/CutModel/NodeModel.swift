package import CutProtocol
internal import Model

/// One node with one member: an agent with its ledger, around the production machine of each attempt, and what really
/// happens to the member. A value: a step leads from one to the next.
package struct NodeModel: Sendable {
  /// What may happen on a node. `Fence` names the attempt.
  package enum Step: Hashable, Sendable {
    case order(CutOrder, from: Int)
    case becomesReady(Fence)
    case cannotPrepare(Fence)
    case isHeld(Fence)
    case cannotHold(Fence)
    case snapshotsAnswered(Fence)
    case snapshotsFail(Fence)
    case isReleased(Fence)
    case signs(Fence)
    case cannotSign(Fence)
    /// The snapshots of the attempt are deleted, the attempt is still in the ledger.
    case deletes(Fence)
    case closes(Fence)
    /// The lease, the cap, or the wait of a prepared member has ended.
    case timeIsUp(Fence)
    /// The agent dies, the guardian thaws, the agent comes back. `certificateKept` tells whether a certificate that was just
    /// being stored has reached the disk.
    case crashes(certificateKept: Bool)
    case thawedByOther(Fence)
    /// Thawed and frozen again, so that only the state token can tell.
    case refrozenByOther(Fence)
    /// The guardian of the node is gone.
    case guardianGone
  }

  /// What a step led to.
  package struct Outcome: Sendable {
    package var reports: [CutReport] = []
    /// The coordinator that hears them: the newest that the node has obeyed.
    package var hearer = 1
    /// What the agent does, in the words of the scenario files.
    package var words: [String] = []
    /// A property of `docs/invariants.md` that was broken, and how.
    package var breach: String?
  }

  package enum HoldPhase: Hashable, Sendable {
    case none, taking, inForce, thawedByOther, refrozen, released
  }

  package struct Attempt: Hashable, Sendable {
    package internal(set) var machine: MemberHold
    package internal(set) var hold = HoldPhase.none
    /// Snapshot calls that have not come back.
    package internal(set) var isCutting = false
    var hasSnapshots = false
    var answeredLate = false
    package internal(set) var isCleaning = false
    package internal(set) var isDeleted = false
    /// What the ledger has of it.
    package internal(set) var kept: HoldCertificate?
    /// Before the crash it was another incarnation's: nothing is known of its hold.
    package internal(set) var isRecovered = false

    /// It was aborted while prepare ran, and prepare is not back yet.
    package var isUnderWay: Bool {
      guard case .ended = machine.state else { return false }
      return hold == .none && !isCleaning && !isRecovered
    }
  }

  /// What really happened to an attempt's hold and snapshots; no part of the system sees it.
  package struct Truth: Hashable, Sendable {
    package var wasFrozen = false
    package var heldAtWitness = false
    package var cutInHold = false
    /// Another member's volume, which this one shares, was cut while this one was not held.
    package var missedCut = false
    package var wasBroken = false
    package var snapshotsExist = false
    package var wasDeleted = false
  }

  package let member: MemberPlan
  package let cap: Duration
  /// All members of the cut; used only where an agent is to guess a witness.
  let nodes: [ServiceName: NodeID]
  package internal(set) var attempts: [Fence: Attempt] = [:]
  package internal(set) var truth: [Fence: Truth] = [:]
  /// The highest fence that was ever accepted.
  package internal(set) var highest: Fence
  /// The newest coordinator that was obeyed.
  var obeyed = 1
  let without: Rule?

  package init(
    _ member: MemberPlan, of fleet: ModelFleet, cap: Duration, accepted: Fence = .none,
    without rule: Rule? = nil
  ) {
    self.member = member
    self.nodes = Dictionary(uniqueKeysWithValues: fleet.members.map { ($0.name, $0.node) })
    self.cap = cap
    self.highest = accepted
    self.without = rule
  }

  func keeps(_ rule: Rule) -> Bool { without != rule }

  /// When the attempt has to be told that its time is up.
  package func deadline(of fence: Fence) -> Duration? { attempts[fence]?.machine.nextDeadline }

  package mutating func take(_ step: Step, at now: Duration) -> Outcome {
    var outcome = Outcome()
    switch step {
    case .order(let order, let coordinator):
      // A link delivers all that one coordinator sent before anything of the next.
      guard coordinator >= obeyed || !keeps(.oneCoordinatorAtATime) else { break }
      obeyed = max(obeyed, coordinator)
      obey(order, at: now, &outcome)
    case .becomesReady(let fence):
      let preparation = Preparation(
        predictedQuiesce: .milliseconds(20), predictedSnapshot: .milliseconds(10),
        fidelity: .full, remarks: [])
      feed(.prepared(preparation), fence, at: now, &outcome)
    case .cannotPrepare(let fence):
      feed(.prepareFailed(Refusal(.busy, "it cannot be prepared now")), fence, at: now, &outcome)
    case .isHeld(let fence):
      attempts[fence]?.hold = .inForce
      feed(.holdsTaken, fence, at: now, &outcome)
      if !keeps(.sharedCutAfterAll) { attempts[fence]?.isCutting = true }
    case .cannotHold(let fence):
      feed(.holdFailed(Refusal(.failed, "the hold failed")), fence, at: now, &outcome)
    case .snapshotsAnswered(let fence): answerSnapshots(fence, at: now, &outcome)
    case .snapshotsFail(let fence):
      attempts[fence]?.isCutting = false
      feed(.snapshotFailed(Refusal(.failed, "a snapshot failed")), fence, at: now, &outcome)
    case .isReleased(let fence): release(fence, at: now, &outcome)
    case .signs(let fence): sign(fence, at: now, &outcome)
    case .cannotSign(let fence):
      feed(.certifyFailed(reason: "it could not be signed"), fence, at: now, &outcome)
    case .deletes(let fence): delete(fence)
    case .closes(let fence): close(fence, &outcome)
    case .timeIsUp(let fence):
      feed(.tick, fence, at: max(now, deadline(of: fence) ?? now), &outcome)
    case .crashes(let certificateKept): crash(certificateKept)
    case .thawedByOther(let fence): breakHold(fence, .thawedByOther)
    case .refrozenByOther(let fence): breakHold(fence, .refrozen)
    case .guardianGone:
      for fence in attempts.keys.sorted() {
        feed(.mustEnd(reason: "the guardian is gone"), fence, at: now, &outcome)
      }
    }
    forgetWhatIsOver()
    outcome.hearer = obeyed
    return outcome
  }

  /// Of an attempt that can never be committed nobody needs to know how it went.
  private mutating func forgetWhatIsOver() {
    for fence in truth.keys {
      // A stored certificate that was not withdrawn yet comes back after a crash.
      guard attempts[fence]?.kept == nil else { continue }
      switch attempts[fence]?.machine.state {
      case nil, .ended, .thawing(.aborted), .thawing(.capReached), .thawing(.leaseExpired),
        .thawing(.failed):
        truth[fence]?.heldAtWitness = false
        truth[fence]?.cutInHold = false
        truth[fence]?.missedCut = false
        truth[fence]?.wasBroken = false
      case .preparing, .prepared, .freezing, .held, .thawing(.complete), .certifying, .certified:
        break
      }
    }
  }

  private mutating func breakHold(_ fence: Fence, _ phase: HoldPhase) {
    attempts[fence]?.hold = phase
    truth[fence]?.wasBroken = true
  }

  /// The coordinator builds its witness at this moment.
  package mutating func noteWitness(_ fence: Fence) {
    guard let attempt = attempts[fence] else { return }
    truth[fence]?.heldAtWitness = attempt.hold == .inForce
  }

  /// Another member's snapshots are cut at this moment.
  package mutating func noteSharedCut(_ fence: Fence) {
    guard let attempt = attempts[fence] else { return }
    if attempt.hold != .inForce { truth[fence]?.missedCut = true }
    forgetWhatIsOver()
  }

  // What the programs around the machine do.

  private mutating func answerSnapshots(
    _ fence: Fence, at now: Duration, _ outcome: inout Outcome
  ) {
    guard let attempt = attempts[fence] else { return }
    attempts[fence]?.isCutting = false
    attempts[fence]?.hasSnapshots = true
    // Cut at the last moment that the answer leaves: whatever was cut in time would have been cut so as well.
    var inHold = attempt.hold == .inForce
    if !keeps(.nameOfTheHold) {
      // A storage that finds a snapshot of this name has nothing to cut.
      inHold = inHold && !truth.contains { $0.key < fence && $0.value.snapshotsExist }
    }
    truth[fence]?.cutInHold = inHold
    truth[fence]?.snapshotsExist = true
    truth[fence]?.wasDeleted = false
    switch attempt.machine.state {
    case .thawing, .certifying, .certified, .ended: attempts[fence]?.answeredLate = true
    case .preparing, .prepared, .freezing, .held: break
    }
    if !keeps(.witnessAwaited) {
      let holds = nodes.mapValues { ModelFleet.hold(on: $0, fence) }
      let guess = CutOrder.witness(
        fence: fence, member: member.name, vector: WitnessVector(holds))
      feed(.order(guess), fence, at: now, &outcome)
    }
    feed(.snapshotsCut, fence, at: now, &outcome)
  }

  private mutating func release(_ fence: Fence, at now: Duration, _ outcome: inout Outcome) {
    guard let attempt = attempts[fence] else { return }
    let intact = attempt.hold == .inForce || attempt.hold == .refrozen
    if attempt.hold == .inForce { attempts[fence]?.hold = .released }
    feed(.thawed(intact: intact), fence, at: now, &outcome)
  }

  private mutating func sign(_ fence: Fence, at now: Duration, _ outcome: inout Outcome) {
    guard let certificate = attempts[fence].flatMap({ certificate(of: $0) }) else { return }
    if keeps(.certificateIsDurable) { attempts[fence]?.kept = certificate }
    feed(.certified(certificate), fence, at: now, &outcome)
  }

  private mutating func delete(_ fence: Fence) {
    attempts[fence]?.isDeleted = true
    if keeps(.withdrawnBeforeDeleted) { attempts[fence]?.kept = nil }
    let gone = keeps(.nameOfTheHold) ? [fence] : Array(truth.keys)
    for fence in gone where truth[fence]?.snapshotsExist == true {
      truth[fence]?.snapshotsExist = false
      truth[fence]?.wasDeleted = true
    }
  }

  private mutating func close(_ fence: Fence, _ outcome: inout Outcome) {
    guard let attempt = attempts.removeValue(forKey: fence) else { return }
    guard attempt.isCleaning else { return }
    report(.ended(reason: "cleaned up"), fence, &outcome)
  }

  private mutating func crash(_ certificateKept: Bool) {
    for (fence, attempt) in attempts {
      var kept = attempt.kept
      if certificateKept, case .certifying = attempt.machine.state {
        kept = certificate(of: attempt)
      }
      var next: Attempt
      let hold = ModelFleet.hold(on: member.node, fence)
      if let kept {
        next = Attempt(
          machine: MemberHold(recovered: kept, fence: fence, member: member.name, hold: hold))
        next.hasSnapshots = true
        next.kept = kept
      } else {
        next = Attempt(
          machine: MemberHold(
            fence: fence, member: member.name, hold: hold, lease: .zero, cap: .zero))
        next.isCleaning = true
      }
      next.isRecovered = true
      attempts[fence] = next
    }
  }

  private func certificate(of attempt: Attempt) -> HoldCertificate? {
    guard let witness = attempt.machine.witness else { return nil }
    let account = Account(
      member: member.name, fence: attempt.machine.fence, heldAfter: attempt.machine.heldAfter,
      witness: witness, hasSnapshots: attempt.hasSnapshots,
      hasNotice: attempt.machine.notice != nil,
      answeredLate: attempt.answeredLate,
      endedThisHold: attempt.hold != .thawedByOther, tokenChanged: attempt.hold == .refrozen)
    // Names and flags can always be encoded.
    return try? account.certificate
  }
}

extension NodeModel: Hashable {
  /// What is the same in all states of one search is left out.
  package static func == (left: NodeModel, right: NodeModel) -> Bool {
    left.attempts == right.attempts && left.truth == right.truth && left.highest == right.highest
      && left.obeyed == right.obeyed
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(attempts)
    hasher.combine(truth)
    hasher.combine(highest)
    hasher.combine(obeyed)
  }
}
