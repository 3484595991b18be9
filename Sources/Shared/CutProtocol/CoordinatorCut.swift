package import Model

/// The coordinator's part in the cut of one group of members: every attempt, until there is evidence or none to be had.
///
/// Pure: events go in with the time of the coordinator's monotonic clock, actions come out. The shell performs the actions in order
/// and does not go on before `begin` and `keep` are durable.
package struct CoordinatorCut: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    /// Waits for its first or next attempt. Leads to `preparing`.
    case waiting(until: Duration)
    /// Nothing is frozen; waits for every member's answer. Leads to `freezing`, `waiting`, `finished`.
    case preparing(until: Duration)
    /// FREEZE was sent to the levels at or above `level`. Leads to `witnessed`, `waiting`, `finished`.
    case freezing(level: Int, until: Duration)
    /// WITNESS was sent to all. Leads to `finished`, `waiting`.
    case witnessed(until: Duration)
    /// Final.
    case finished
  }

  /// What happened in the current attempt. The shell drops every report whose fence is not `fence`: a refusal, a hold or an
  /// end of an earlier attempt would otherwise be taken for this one's.
  package enum Event: Hashable, Sendable {
    case tick
    case prepared(ServiceName, HoldID, Preparation)
    case refused(ServiceName, Refusal)
    case frozen(ServiceName, HoldID)
    /// What a delegate has cut.
    case cut(ServiceName, [SnapshotRecord])
    case nack(ServiceName, Refusal)
    /// A certificate whose signature holds, with its statement.
    case certified(HoldCertificate, HoldStatement)
    /// A certificate that is not believed.
    case rejected(ServiceName, reason: String)
    case ended(ServiceName, reason: String)
    /// The order could not be sent: the node is not connected.
    case unreachable(ServiceName, reason: String)
    /// The operator or a shutdown ends the cut.
    case cancel(reason: String)
  }

  package enum Action: Hashable, Sendable {
    /// Store the attempt durably before anything after it in the list.
    case begin(Fence, [ServiceName])
    case send(CutOrder, to: NodeID)
    /// Store the certificate durably.
    case keep(HoldCertificate, Fence, ServiceName)
    case log(ServiceName?, String)
    case finish(Result)
  }

  package enum Result: Hashable, Sendable {
    /// Every member that was not left out gave its certificate.
    case evidence(GroupEvidence)
    case failed(sentence: String)
  }

  package let group: Int
  package private(set) var state: State
  package private(set) var fence: Fence
  let sealed: SealedPlan
  let times: CutTimes
  /// One factor between 0 and 1 for each pause; the shell draws them, so that the machine stays deterministic.
  let jitter: [Double]
  var members: [ServiceName: AttemptMember] = [:]
  var leftOut: [LeftOut] = []
  var nextRenewal = Duration.zero
  /// When the attempt's first FREEZE was sent; the plan's budget counts from then.
  var freezeBegan = Duration.zero
  private var epochKnown: UInt64
  private var hasBegun = false

  /// `fence` is the first attempt's. Starts with the first `tick`.
  package init(
    plan: SealedPlan, group: Int, fence: Fence, times: CutTimes, jitter: [Double],
    at now: Duration
  ) {
    self.sealed = plan
    self.group = group
    self.fence = fence
    self.times = times
    self.jitter = jitter
    self.epochKnown = fence.epoch
    self.state = .waiting(until: now)
  }

  package var isFinished: Bool { state == .finished }

  /// Whether the present attempt's witness was built and its certificates are awaited.
  package var isWitnessed: Bool { if case .witnessed = state { true } else { false } }

  /// The members of the current attempt with the phase each has reached.
  package var phases: [ServiceName: AttemptMember.Phase] { members.mapValues(\.phase) }

  /// When the shell has to feed a `tick`.
  package var nextDeadline: Duration? {
    switch state {
    case .waiting(let until), .preparing(let until): until
    case .freezing(_, let until), .witnessed(let until): min(until, nextRenewal)
    case .finished: nil
    }
  }

  /// The coordinator's epoch grew since; later attempts use it.
  package mutating func raiseEpoch(to epoch: UInt64) { epochKnown = max(epochKnown, epoch) }

  package mutating func apply(_ event: Event, at now: Duration) -> [Action] {
    switch event {
    case .tick: return onTick(at: now)
    case .cancel(let reason): return cancel(reason)
    case .prepared(let name, let hold, let preparation):
      guard case .preparing = state, members[name]?.phase == .asked else { return [] }
      members[name]?.phase = .prepared
      members[name]?.hold = hold
      members[name]?.preparation = preparation
      return [.log(name, "prepared")] + freezeIfPrepared(at: now)
    case .frozen(let name, let hold):
      return onFrozen(name, hold, at: now)
    case .cut(let name, let snapshots):
      return onCut(name, snapshots)
    case .certified(let certificate, let statement):
      return onCertified(certificate, statement, at: now)
    case .refused(let name, let refusal), .nack(let name, let refusal):
      return onLoss(of: name, refusal, at: now)
    case .rejected(let name, let reason):
      return onLoss(
        of: name, Refusal(.failed, "its certificate is not believed: \(reason)"), at: now)
    case .ended(let name, let reason):
      return onLoss(of: name, Refusal(.failed, reason), at: now)
    case .unreachable(let name, let reason):
      // After the freeze was ordered a lost link proves nothing yet: lease and certificate decide.
      guard case .preparing = state else { return [] }
      return onLoss(of: name, Refusal(.busy, reason), at: now)
    }
  }

  private mutating func onTick(at now: Duration) -> [Action] {
    switch state {
    case .waiting(let until):
      return now >= until ? beginAttempt(at: now) : []
    case .preparing(let until):
      guard now >= until else { return [] }
      let silent = members.values.filter { $0.phase == .asked }.map(\.plan.name).sorted()
      return loseAll(silent, "did not answer prepare within \(times.prepare.shortText)", at: now)
    case .freezing(_, let until):
      guard now >= until else { return renewals(at: now) }
      let silent = members.values.filter { $0.phase == .freezing }.map(\.plan.name).sorted()
      return loseAll(silent, "did not report its hold within the cap", at: now)
    case .witnessed(let until):
      guard now >= until else { return renewals(at: now) }
      let silent = members.values.filter { $0.certificate == nil }.map(\.plan.name).sorted()
      return endAttempt(
        silent.first, Refusal(.failed, "gave no certificate after the witness"), at: now)
    case .finished:
      return []
    }
  }

  private mutating func beginAttempt(at now: Duration) -> [Action] {
    if hasBegun {
      fence = Fence(
        epoch: max(fence.epoch, epochKnown), cut: fence.cut, attempt: fence.attempt + 1)
    }
    hasBegun = true
    let plans = sealed.plan.members.filter { $0.group == group }
    members = Dictionary(
      uniqueKeysWithValues: plans.map { ($0.name, AttemptMember(plan: $0)) })
    leftOut = []
    state = .preparing(until: now + times.prepare)
    return [
      .begin(fence, plans.map(\.name)),
      .log(nil, "attempt \(fence.attempt): members asked to prepare: \(plans.count)"),
    ]
      + plans.map { plan in
        .send(
          .prepare(fence: fence, member: plan.name, plan: sealed.bytes, lease: times.lease),
          to: plan.node)
      }
  }

  private mutating func cancel(_ reason: String) -> [Action] {
    guard !isFinished else { return [] }
    state = .finished
    return abortAll(reason) + [.finish(.failed(sentence: reason))]
  }

  /// Sends ABORT to every member of the attempt, whatever it has reached.
  func abortAll(_ reason: String) -> [Action] {
    members.values.sorted { $0.plan.name < $1.plan.name }.map { member in
      .send(
        .abort(fence: fence, member: member.plan.name, reason: reason), to: member.plan.node)
    }
  }

  /// Ends the attempt: everybody thaws, and another attempt follows if the cause may pass.
  mutating func endAttempt(_ name: ServiceName?, _ refusal: Refusal, at now: Duration)
    -> [Action]
  {
    let sentence = (name.map { "\($0): " } ?? "") + refusal.description
    var actions: [Action] = [.log(name, "attempt \(fence.attempt) failed: \(refusal)")]
    actions += abortAll(sentence)
    let failed = Int(fence.attempt)
    guard refusal.mayPass, failed <= times.pauses.count else {
      state = .finished
      return actions + [.finish(.failed(sentence: sentence))]
    }
    let factor = failed <= jitter.count ? jitter[failed - 1] : 0.5
    let pause = times.pauses[failed - 1] * (0.8 + 0.4 * factor)
    state = .waiting(until: now + pause)
    return actions + [.log(nil, "next attempt in \(pause.shortText)")]
  }

  mutating func enter(_ next: State) { state = next }
}
