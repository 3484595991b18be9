internal import CutProtocol
internal import Lifecycle
internal import Logging
internal import Model

/// Names one attempt of one member on this node.
struct AttemptKey: Hashable, Sendable {
  var fence: Fence
  var member: ServiceName
}

/// One member's part in one attempt: feeds the state machine and performs its actions.
///
/// Every action that takes time runs as a task of the cut service and comes back as an event; the machine is never
/// read and written around a suspension.
actor MemberAttempt {
  nonisolated let key: AttemptKey
  nonisolated let hold: HoldID
  nonisolated let member: MemberPlan
  nonisolated let backup: BackupID
  let environment: CutEnvironment
  let ledger: AgentLedger
  let crew: Crew
  /// Nil for one that was found in the ledger after a restart.
  let plan: SealedPlan?
  private let onEnd: @Sendable (AttemptKey) async -> Void

  private var machine: MemberHold
  private var outbox: [CutReport] = []
  /// The newest epoch of a coordinator whose order came here.
  private var obeyed: UInt64
  private var isSending = false
  var prepared: MemberPreparation?
  var held: HeldMember?
  var record = HoldObservation()
  var cutsUnderWay = 0
  /// Whether the guardian watches the hold, and what it has to be told once it does.
  var isArmed = false
  /// The release could not tell that the hold is over, and the guardian goes on watching it. Until it is over, a thaw that comes
  /// late could end a later hold: the attempt has not ended, and makes no room for another.
  var isLeftToGuardian = false
  var renewalBeforeArming: Duration?

  init(
    plan: SealedPlan?, entry: AgentLedger.Entry, machine: MemberHold,
    environment: CutEnvironment, ledger: AgentLedger, crew: Crew,
    onEnd: @escaping @Sendable (AttemptKey) async -> Void
  ) {
    self.key = AttemptKey(fence: entry.fence, member: entry.member.name)
    self.hold = entry.hold
    self.member = entry.member
    self.backup = entry.backup
    self.plan = plan
    // After a restart nobody has been obeyed yet in this life.
    self.obeyed = plan == nil ? 0 : entry.fence.epoch
    self.machine = machine
    self.environment = environment
    self.ledger = ledger
    self.crew = crew
    self.onEnd = onEnd
  }

  /// Whether applications may be held right now.
  var mayBeHeld: Bool { machine.mayBeHeld || isLeftToGuardian }
  /// Whether it is this agent that ends the hold, if there is one.
  var isHolding: Bool { machine.mayBeHeld }
  /// Whether it is on its way to a hold or in one.
  var isActive: Bool {
    switch machine.state {
    case .preparing, .prepared, .freezing, .held, .thawing: true
    case .certifying, .certified, .ended: isLeftToGuardian
    }
  }
  var witness: WitnessVector? { machine.witness }
  /// Whether the snapshots of some of its volumes are taken for several members, when all are held.
  var hasDelegates: Bool { member.volumes.contains { $0.delegate != nil } }
  var heldAfter: WitnessVector { machine.heldAfter }
  var notice: [SnapshotRecord] { machine.notice ?? [] }
  var snapshotName: SnapshotName {
    SnapshotName(fence: key.fence, member: key.member, hold: hold, backup: backup)
  }

  /// What the heartbeat says of this member while it may be held.
  func heldNow() -> AgentHeartbeat.Held? {
    guard mayBeHeld, let lease = machine.lease else { return nil }
    return AgentHeartbeat.Held(
      member: key.member, fence: key.fence, hold: hold,
      age: environment.clock.now() - lease.begunAt)
  }

  func feed(_ event: MemberHold.Event) {
    if case .order(let order) = event { obeyed = max(obeyed, order.issuer) }
    let now = environment.clock.now()
    let before = machine
    let actions = machine.apply(event, at: now)
    environment.observer?.memberStepped(from: before, by: event, to: machine, actions)
    if machine.witness != nil && before.witness == nil {
      record.witnessReceived = now
      if hasDelegates { crew.run { await self.held?.allHeld() } }
    }
    if machine.notice != nil && before.notice == nil { record.noticeReceived = now }
    // No suspension between here and the last action: the next event finds all of them begun, in their order.
    for action in actions { perform(action) }
    if let deadline = machine.nextDeadline, deadline != before.nextDeadline { wake(at: deadline) }
  }

  /// The attempt is over and nothing of it is left on the node.
  func finish() async { await onEnd(key) }

  private func perform(_ action: MemberHold.Action) {
    switch action {
    // Said when it is true.
    case .report(.ended) where isLeftToGuardian: break
    case .report(let news): report(news)
    case .takeHolds(let lease, let cap): crew.run { await self.takeHolds(lease: lease, cap: cap) }
    case .cutSnapshots:
      cutsUnderWay += 1
      crew.run { await self.cutSnapshots() }
    case .announceCut: report(.cut(record.snapshots))
    case .renewGuardian(let lease): crew.run { await self.renewGuardian(lease) }
    case .thaw(let cause): crew.run { await self.thaw(cause) }
    case .certify: crew.run { await self.certify() }
    case .discard: crew.run { await self.discardPrepared() }
    case .cleanUp(let reason): crew.run { await self.cleanUp(reason) }
    case .forget: crew.run { await self.settle() }
    }
  }

  /// Reports leave in the order in which the machine made them.
  func report(_ news: CutReport.News) {
    if case .frozen = news, record.frozenSent == nil {
      record.frozenSent = environment.clock.now()
    }
    outbox.append(
      CutReport(fence: key.fence, member: key.member, news: news, obeyed: obeyed))
    guard !isSending else { return }
    isSending = true
    crew.run { await self.sendReports() }
  }

  private func sendReports() async {
    while !outbox.isEmpty {
      await environment.reports.send(outbox.removeFirst())
    }
    isSending = false
  }

  private func wake(at deadline: Duration) {
    crew.run {
      // A cancelled sleep means that the agent stops, which ends every hold by itself.
      guard (try? await self.environment.clock.sleep(until: deadline)) != nil else { return }
      await self.feed(.tick)
    }
  }
}
