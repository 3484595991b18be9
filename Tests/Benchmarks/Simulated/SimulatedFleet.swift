internal import CutProtocol
internal import Foundation
internal import Model

/// One cut of a fleet of simulated members in virtual time: the production state machines of both sides, with the
/// time that messages, quiescers, storage and the coordinator's own work take.
struct SimulatedFleet {
  /// What one member takes, the same for every order.
  struct Parts: Sendable {
    var quiesce: Duration
    var snapshot: Duration
    var thaw: Duration
  }

  enum Event {
    case arrived(CoordinatorCut.Event)
    case order(CutOrder)
    case member(Int, MemberHold.Event)
    case coordinatorTick
    case memberTick(Int)
  }

  let parts: [Parts]
  private let plan: SealedPlan
  private let names: [ServiceName]
  private let index: [ServiceName: Int]
  private let latencies = Latencies()
  private let costs: MessageCosts
  private var random: Seeded
  private var queue = EventQueue<Event>()
  private var coordinator: CoordinatorCut
  private var members: [MemberHold]
  private var times: [HeldTimes]
  /// Until when the coordinator works on what came before.
  private var busyUntil = Duration.zero
  private var coordinatorTick: Duration?
  private var memberTicks: [Duration?]
  private(set) var result: CoordinatorCut.Result?

  private static let fence = Fence(epoch: 1, cut: 1, attempt: 1)

  init(_ plan: SealedPlan, costs: MessageCosts, seed: UInt64) {
    var random = Seeded(seed)
    let latencies = latencies
    self.plan = plan
    self.costs = costs
    names = plan.plan.members.map(\.name)
    index = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    parts = names.map { _ in
      Parts(
        quiesce: latencies.quiesce(&random), snapshot: latencies.snapshot(&random),
        thaw: latencies.thaw(&random))
    }
    self.random = random
    let times = CutTimes()
    coordinator = CoordinatorCut(
      plan: plan, group: 0, fence: Self.fence, times: times, jitter: [0.5, 0.5], at: .zero)
    members = names.enumerated().map { number, name in
      MemberHold(
        fence: Self.fence, member: name,
        hold: HoldID(boot: "simulated", incarnation: 1, counter: UInt64(number + 1)),
        lease: times.lease, cap: plan.plan.freeze.cap.duration)
    }
    self.times = zip(names, parts).map { name, part in
      HeldTimes(
        member: name.text, began: .zero, held: .zero, snapshot: part.snapshot, thawBegan: .zero,
        thawEnded: .zero)
    }
    memberTicks = names.map { _ in nil }
  }

  /// Runs the cut to its end. Nil when it failed, which `result` then explains.
  mutating func run() -> CutTimesTaken? {
    queue.schedule(.coordinatorTick, at: .zero)
    while result == nil, let (time, event) = queue.next() { handle(event, at: time) }
    guard case .evidence(let evidence) = result, evidence.certificates.count == names.count else {
      return nil
    }
    var cut = CutTimesTaken(members: times, isJoint: true)
    cut.isJoint = cut.overlapped
    return cut
  }

  private mutating func handle(_ event: Event, at time: Duration) {
    switch event {
    case .arrived(let report): step(report, at: time)
    case .coordinatorTick:
      if coordinatorTick == nil || coordinatorTick == time { step(.tick, at: time) }
    case .order(let order):
      guard let number = index[order.member] else { return }
      if case .prepare = order {
        let preparation = Preparation(
          predictedQuiesce: .milliseconds(8), predictedSnapshot: .milliseconds(30),
          fidelity: .full, remarks: [])
        feed(.prepared(preparation), to: number, at: time)
      } else {
        feed(.order(order), to: number, at: time)
      }
    case .member(let number, let happened): feed(happened, to: number, at: time)
    case .memberTick(let number):
      if memberTicks[number] == time { feed(.tick, to: number, at: time) }
    }
  }

  // MARK: The coordinator: one thing after the other

  private mutating func step(_ event: CoordinatorCut.Event, at arrived: Duration) {
    var now = max(arrived, busyUntil) + costs.small
    for action in coordinator.apply(event, at: now) {
      switch action {
      case .begin, .keep: now += latencies.store(&random)
      case .send(let order, _):
        var reading = costs.small
        if case .witness = order {
          now += costs.witness
          reading = costs.witnessRead
        } else {
          now += costs.small
        }
        queue.schedule(.order(order), at: now + latencies.message(&random) + reading)
      case .log: break
      case .finish(let end): result = end
      }
    }
    busyUntil = now
    if let deadline = coordinator.nextDeadline, deadline != coordinatorTick {
      coordinatorTick = max(deadline, now)
      queue.schedule(.coordinatorTick, at: max(deadline, now))
    }
  }

  // MARK: The members

  private mutating func feed(_ event: MemberHold.Event, to number: Int, at now: Duration) {
    for action in members[number].apply(event, at: now) {
      switch action {
      case .report(let news): report(news, of: number, at: now)
      case .takeHolds:
        times[number].began = now
        times[number].held = now + parts[number].quiesce
        queue.schedule(.member(number, .holdsTaken), at: now + parts[number].quiesce)
      case .cutSnapshots:
        queue.schedule(.member(number, .snapshotsCut), at: now + parts[number].snapshot)
      case .thaw(let cause):
        times[number].thawBegan = now
        times[number].thawEnded = now + parts[number].thaw
        queue.schedule(
          .member(number, .thawed(intact: cause == .complete)), at: now + parts[number].thaw)
      case .certify:
        queue.schedule(
          .member(number, .certified(Self.certificate)), at: now + latencies.store(&random))
      case .announceCut, .renewGuardian, .discard, .cleanUp, .forget: break
      }
    }
    if let deadline = members[number].nextDeadline, deadline != memberTicks[number] {
      memberTicks[number] = deadline
      queue.schedule(.memberTick(number), at: deadline)
    }
  }

  private mutating func report(_ news: CutReport.News, of number: Int, at now: Duration) {
    let name = names[number]
    let event: CoordinatorCut.Event =
      switch news {
      case .prepared(let hold, let preparation): .prepared(name, hold, preparation)
      case .refused(let refusal): .refused(name, refusal)
      case .frozen(let hold): .frozen(name, hold)
      case .cut(let snapshots): .cut(name, snapshots)
      case .nack(let refusal): .nack(name, refusal)
      case .ended(let reason): .ended(name, reason: reason)
      case .certified(let certificate): .certified(certificate, statement(of: number))
      }
    queue.schedule(.arrived(event), at: now + costs.small + latencies.message(&random))
  }

  /// Signatures take no part in the window.
  private static let certificate = HoldCertificate(statement: Data(), signature: Data(), chain: [])

  private func statement(of number: Int) -> HoldStatement {
    let (member, held) = (members[number], times[number])
    let container = plan.plan.members[number].container
    let process = ProcessIdentity(container: container, pid: 1, startTicks: 1)
    return HoldStatement(
      fleet: plan.plan.fleet, backup: plan.plan.backup, planHash: plan.hash, fence: member.fence,
      node: plan.plan.members[number].node, member: member.member, hold: member.hold,
      heldAfter: member.heldAfter, witness: member.witness ?? WitnessVector([:]),
      steps: HoldSteps(
        quiesceBegan: .zero, held: held.quiesce, frozenSent: held.quiesce,
        witnessReceived: held.thawBegan - held.began, thawBegan: held.thawBegan - held.began,
        thawEnded: held.window),
      fidelity: .full, tokensAtHold: [], tokensBeforeThaw: [], processAtHold: process,
      processBeforeThaw: process, snapshots: [],
      thaw: ThawEvidence(endedThisHold: true, cause: .complete),
      heldAt: Timestamp(nanoseconds: 0))
  }
}
