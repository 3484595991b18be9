package import Model

/// One member's part in one attempt, on its node: from prepare to certificate or end.
///
/// Pure: events go in with the time of the agent's monotonic clock, actions come out for the shell. The shell performs
/// them in order and feeds back what each led to. The machine lives for one fence and one member; it freezes at most once.
package struct MemberHold: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    /// The shell makes things ready. Leads to `prepared`, `ended`.
    case preparing
    /// Nothing is held; waits for FREEZE until `until`. Leads to `freezing`, `ended`.
    case prepared(until: Duration)
    /// The holds are being taken. Leads to `held`, `thawing`.
    case freezing
    /// Every hold is in force, the snapshots are under way or cut. Leads to `thawing`.
    case held
    /// The holds are being released. Leads to `certifying`, `ended`.
    case thawing(ThawCause)
    /// The certificate is being signed and stored. Leads to `certified`, `ended`.
    case certifying
    /// The certificate is durable and was sent; kept until settled or aborted. Leads to `ended`.
    case certified(HoldCertificate)
    /// Not held, nothing left but what the shell is cleaning. Final.
    case ended(reason: String)
  }

  package enum Event: Hashable, Sendable {
    case prepared(Preparation)
    case prepareFailed(Refusal)
    case order(CutOrder)
    /// All holds are in force and the tokens are sampled.
    case holdsTaken
    case holdFailed(Refusal)
    case snapshotsCut
    case snapshotFailed(Refusal)
    case thawed(intact: Bool)
    case certified(HoldCertificate)
    case certifyFailed(reason: String)
    /// The guardian is gone, the container ended, or the agent stops.
    case mustEnd(reason: String)
    case tick
  }

  package enum Action: Hashable, Sendable {
    case report(CutReport.News)
    /// Arm the guardian with this lease, then take the holds and sample the tokens.
    case takeHolds(lease: Duration, cap: Duration)
    case cutSnapshots
    /// Tell the coordinator what was cut of volumes that other members share.
    case announceCut
    case renewGuardian(lease: Duration)
    /// Sample the tokens (only when complete), release in reverse order, disarm the guardian.
    case thaw(ThawCause)
    /// Sign the statement, store it, answer with `certified`.
    case certify
    /// Close sessions that prepare opened; nothing was held.
    case discard
    /// Delete the snapshots of this attempt by name, then report `ended`.
    case cleanUp(reason: String)
    /// Forget the stored certificate: the backup is settled.
    case forget
  }

  package let fence: Fence
  package let member: ServiceName
  package let hold: HoldID
  package private(set) var state = State.preparing
  package private(set) var lease: HoldLease?
  package private(set) var witness: WitnessVector?
  /// The callers' holds that the freeze order named.
  package private(set) var heldAfter = WitnessVector([:])

  /// What delegates have cut of the volumes that this member has entrusted to them; nil until the coordinator said so.
  package private(set) var notice: [SnapshotRecord]?

  private let entrusted: [MemberVolume]
  /// Other members share volumes of this one, whose snapshots are taken when all are known to be held.
  private let isDelegate: Bool
  private let leaseLength: Duration
  private let cap: Duration
  private var snapshotsAreCut = false
  /// What the coordinator is told when an attempt ends early.
  private var refusal: Refusal?
  private var abortOrdered = false

  /// How long a prepared member waits for FREEZE before it lets its sessions go.
  package static let preparedLimit = Duration.seconds(60)

  /// `volumes` are the member's; only those that it shares make a difference.
  package init(
    fence: Fence, member: ServiceName, hold: HoldID, lease: Duration, cap: Duration,
    volumes: [MemberVolume] = []
  ) {
    self.fence = fence
    self.member = member
    self.entrusted = volumes.filter { $0.delegate != nil && $0.delegate != member }
    self.isDelegate = volumes.contains { $0.delegate == member }
    self.hold = hold
    self.leaseLength = lease
    self.cap = min(cap, FreezeLimits.longestCap)
  }

  /// A member whose certificate was found in the agent's ledger after a restart.
  package init(
    recovered certificate: HoldCertificate, fence: Fence, member: ServiceName, hold: HoldID
  ) {
    self.init(fence: fence, member: member, hold: hold, lease: .zero, cap: .zero)
    state = .certified(certificate)
  }

  /// Whether applications may be held right now.
  package var mayBeHeld: Bool {
    switch state {
    case .freezing, .held, .thawing: true
    case .preparing, .prepared, .certifying, .certified, .ended: false
    }
  }

  /// When the shell has to feed a `tick`; nil while nothing is due.
  package var nextDeadline: Duration? {
    switch state {
    case .prepared(let until): until
    case .freezing, .held: lease?.deadline
    case .preparing, .thawing, .certifying, .certified, .ended: nil
    }
  }

  package mutating func apply(_ event: Event, at now: Duration) -> [Action] {
    // The lease is judged before the event: whatever arrives too late cannot save the hold.
    if case .freezing = state, let cause = lease?.ended(at: now) { return expire(cause) }
    if case .held = state, let cause = lease?.ended(at: now) { return expire(cause) }
    switch event {
    case .order(let order): return obey(order, at: now)
    case .tick: return onTick(at: now)
    case .mustEnd(let reason): return end(.failed, Refusal(.failed, reason))
    case .prepared, .prepareFailed: return onPrepared(event, at: now)
    case .holdsTaken, .holdFailed, .snapshotsCut, .snapshotFailed: return onHold(event)
    case .thawed, .certified, .certifyFailed: return onThawed(event)
    }
  }

  private mutating func obey(_ order: CutOrder, at now: Duration) -> [Action] {
    switch order {
    case .prepare:
      return []
    case .freeze(_, _, let after):
      guard case .prepared = state else { return answerAgain() }
      heldAfter = after
      lease = HoldLease(at: now, lease: leaseLength, cap: cap)
      state = .freezing
      return [.takeHolds(lease: leaseLength, cap: cap)]
    case .renew(_, _, let named, let length):
      guard named == hold else { return [.report(.nack(nackForState()))] }
      // One that has overtaken its freeze finds nothing to extend; the freeze is still to come.
      if case .prepared = state { return [] }
      // One that crosses the thaw finds a lease that has done its duty.
      guard state == .held || state == .freezing else { return answerAgain() }
      lease?.renew(at: now, lease: length)
      return [.renewGuardian(lease: length)]
    case .witness(_, _, let vector):
      guard state == .held, vector.hold(of: member) == hold else {
        return state == .held ? [.report(.nack(nackForState()))] : answerAgain()
      }
      // Built once: a second vector for the same hold is not acceptable.
      guard witness == nil || witness == vector else {
        return end(.failed, Refusal(.failed, "two different witnesses arrived for hold \(hold)"))
      }
      let isFirst = witness == nil
      witness = vector
      return (isFirst && isDelegate ? [.cutSnapshots] : []) + thawIfComplete()
    case .cut(_, _, let named, let snapshots):
      return take(snapshots, for: named)
    case .abort(_, _, let reason, _):
      abortOrdered = true
      return end(.aborted, Refusal(.failed, reason))
    case .query:
      switch state {
      case .ended(let reason): return [.report(.ended(reason: reason))]
      case .preparing, .prepared:
        // Only a coordinator that goes on after the attempt's own asks. No witness can name a member that was never held.
        abortOrdered = true
        return end(.aborted, Refusal(.failed, "its attempt was over before it was held"))
      case .freezing, .held, .thawing, .certifying, .certified: return answerAgain()
      }
    case .settled:
      guard case .certified = state else { return [] }
      state = .ended(reason: "settled")
      return [.forget]
    }
  }

  /// The notice of what was cut of the entrusted volumes; it counts only for this very hold, and only once.
  private mutating func take(_ snapshots: [SnapshotRecord], for named: HoldID) -> [Action] {
    guard state == .held, named == hold else {
      return state == .held ? [.report(.nack(nackForState()))] : answerAgain()
    }
    guard notice == nil || notice == snapshots else {
      return end(.failed, Refusal(.failed, "two different notices arrived for hold \(hold)"))
    }
    let isWhole = entrusted.allSatisfy { volume in
      snapshots.contains {
        $0.containerPath == volume.containerPath && $0.volume == volume.volume
          && $0.takenBy == volume.delegate
      }
    }
    guard isWhole else {
      return end(
        .failed,
        Refusal(.failed, "a volume of \(member) is missing from what others have cut of it"))
    }
    notice = snapshots
    return thawIfComplete()
  }

  /// The answer to an order that is late or comes twice: says again what became of the hold, and changes nothing.
  private func answerAgain() -> [Action] {
    switch state {
    case .held: [.report(.frozen(hold))]
    case .thawing(.complete) where isDelegate, .certifying where isDelegate: [.announceCut]
    case .certified(let certificate): [.report(.certified(certificate))]
    // What comes of these is reported when it comes.
    case .freezing, .thawing, .certifying: []
    case .preparing, .prepared, .ended: [.report(.nack(nackForState()))]
    }
  }

  private mutating func onTick(at now: Duration) -> [Action] {
    guard case .prepared(let until) = state, now >= until else { return [] }
    let refusal = Refusal(.expired, "\(member) was prepared, but no freeze followed in time")
    return end(.aborted, refusal)
  }

  private mutating func onPrepared(_ event: Event, at now: Duration) -> [Action] {
    switch (state, event) {
    case (.preparing, .prepared(let preparation)):
      state = .prepared(until: now + Self.preparedLimit)
      return [.report(.prepared(hold, preparation))]
    case (.preparing, .prepareFailed(let refusal)):
      state = .ended(reason: refusal.message)
      return [.report(.refused(refusal)), .discard]
    case (.ended, .prepared), (.ended, .prepareFailed):
      // The attempt was aborted while prepare ran; only now is there something to close.
      return [.discard]
    default:
      return []
    }
  }

  private mutating func onHold(_ event: Event) -> [Action] {
    switch (state, event) {
    case (.freezing, .holdsTaken):
      state = .held
      return [.report(.frozen(hold))] + (isDelegate ? [] : [.cutSnapshots])
    case (.freezing, .holdFailed(let refusal)), (.held, .snapshotFailed(let refusal)):
      return end(.failed, refusal)
    case (.held, .snapshotsCut):
      snapshotsAreCut = true
      return (isDelegate ? [.announceCut] : []) + thawIfComplete()
    default:
      // After the thaw began a snapshot's answer is an orphan; cleaning by name finds it.
      return []
    }
  }

  private mutating func onThawed(_ event: Event) -> [Action] {
    switch (state, event) {
    case (.thawing(.complete), .thawed):
      // Also when the hold turned out not to be intact: the certificate then says so.
      state = .certifying
      return [.certify]
    case (.thawing, .thawed):
      let refusal = refusal ?? Refusal(.failed, "the hold ended early")
      state = .ended(reason: refusal.message)
      return (abortOrdered ? [] : [.report(.nack(refusal))]) + [.cleanUp(reason: refusal.message)]
    case (.certifying, .certified(let certificate)):
      if abortOrdered {
        state = .ended(reason: "aborted")
        return [.cleanUp(reason: "aborted")]
      }
      state = .certified(certificate)
      return [.report(.certified(certificate))]
    case (.certifying, .certifyFailed(let reason)):
      state = .ended(reason: reason)
      return [.report(.nack(Refusal(.failed, reason))), .cleanUp(reason: reason)]
    default:
      return []
    }
  }

  private mutating func thawIfComplete() -> [Action] {
    guard state == .held, witness != nil, snapshotsAreCut, entrusted.isEmpty || notice != nil
    else { return [] }
    state = .thawing(.complete)
    return [.thaw(.complete)]
  }

  private mutating func expire(_ cause: ThawCause) -> [Action] {
    let isTaken = state == .held
    let text =
      switch cause {
      case .capReached: isTaken ? "reached its cap" : "was not complete when it reached its cap"
      default:
        isTaken ? "was not renewed within its lease" : "was not complete when its lease ran out"
      }
    let hint = "a hold that takes longer to be complete needs a higher spec.freeze.budget and cap"
    return end(
      cause, Refusal(.expired, "the hold of \(member) \(text)", hint: isTaken ? nil : hint))
  }

  /// Ends the attempt from wherever it is, without a certificate.
  private mutating func end(_ cause: ThawCause, _ why: Refusal) -> [Action] {
    switch state {
    case .preparing:
      state = .ended(reason: why.message)
      return [.report(.ended(reason: why.message))]
    case .prepared:
      state = .ended(reason: why.message)
      let news: CutReport.News = abortOrdered ? .ended(reason: why.message) : .nack(why)
      return [.report(news), .discard]
    case .freezing, .held:
      refusal = why
      state = .thawing(cause)
      return [.thaw(cause)]
    case .thawing, .certifying:
      return []
    case .certified:
      guard abortOrdered else { return [] }
      state = .ended(reason: why.message)
      return [.cleanUp(reason: why.message)]
    case .ended(let reason):
      return abortOrdered ? [.report(.ended(reason: reason))] : []
    }
  }

  private func nackForState() -> Refusal {
    switch state {
    case .ended(let reason): Refusal(.expired, "\(member) is not held any more: \(reason)")
    case .preparing: Refusal(.busy, "\(member) is still being prepared")
    default: Refusal(.failed, "\(member) cannot follow this order in state \(stateName)")
    }
  }

  private var stateName: String {
    switch state {
    case .preparing: "preparing"
    case .prepared: "prepared"
    case .freezing: "freezing"
    case .held: "held"
    case .thawing: "thawing"
    case .certifying: "certifying"
    case .certified: "certified"
    case .ended: "ended"
    }
  }
}
