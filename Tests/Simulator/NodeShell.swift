import CutProtocol
import Foundation
import Model

/// A simulated agent: receives orders, keeps a ledger, and runs one `MemberHold` for each member and fence.
final class NodeShell {
  let index: Int
  let node: NodeID
  let clock: DriftingClock
  unowned let world: World
  var random: SplitMix64
  var ledger = NodeLedger()
  var attempts: [NodeAttempt] = []
  var guardian: Guardian
  /// The newest coordinator that this agent's connection belongs to.
  private(set) var coordinatorSeen = 0
  private(set) var isUp = false
  private(set) var life = 0
  private var stalledUntil = Duration.zero
  private var counter: UInt64 = 0

  init(index: Int, world: World, clock: DriftingClock, random: SplitMix64) {
    self.index = index
    self.node = NodeID(accepted: "n\(index)")
    self.world = world
    self.clock = clock
    self.random = random
    guardian = Guardian(timeline: world.timeline, clock: clock, thaw: { _ in })
    guardian = Guardian(timeline: world.timeline, clock: clock) { [unowned world, index] charge in
      world.opened(charge.service, by: "guardian of node \(index)")
    }
  }

  var now: Duration { clock.local(world.timeline.now) }

  var isBusy: Bool {
    attempts.contains {
      if case .prepared = $0.machine.state { true } else { $0.machine.mayBeHeld }
    }
  }

  /// Runs `work` later as part of this agent's process: not after a crash, and not while it is stalled.
  func later(_ delay: Duration, _ work: @escaping () -> Void) {
    let life = life
    world.timeline.after(delay) { [self] in
      guard isUp, self.life == life else { return }
      if isStalled {
        later(stalledUntil - world.timeline.now, work)
      } else {
        work()
      }
    }
  }

  func stall(for time: Duration) {
    stalledUntil = world.timeline.now + time
    markAlone()
  }

  func crash() {
    guard isUp else { return }
    isUp = false
    life += 1
    attempts = []
    markAlone()
    guard guardian.isAlive else { return }
    world.timeline.after(random.duration(.milliseconds(1), .milliseconds(5))) { [self] in
      guardian.rescueAll()
    }
  }

  func guardianDies() {
    guard guardian.isAlive else { return }
    guardian.die()
    if !isUp || isStalled { markAlone() }
    later(random.duration(.milliseconds(1), .milliseconds(20))) { [self] in
      for attempt in attempts {
        feed(attempt, .mustEnd(reason: "the guardian of this node is gone"))
      }
    }
    world.timeline.after(.milliseconds(200)) { [self] in guardian.start() }
  }

  private var isStalled: Bool { world.timeline.now < stalledUntil }

  /// Agent and guardian both cannot end these holds: only a restart will.
  private func markAlone() {
    for (hold, service) in ledger.held where !guardian.charges.contains(where: { $0.hold == hold })
    {
      world.ghost.update(hold, service: service) { $0.wasAlone = true }
    }
  }

  /// Thaws what the run directory names before anything else, then takes up what the ledger has open.
  func start() {
    guard !isUp else { return }
    isUp = true
    life += 1
    stalledUntil = .zero
    let highest = ledger.highest
    ledger.incarnation += 1
    counter = 0
    for (hold, service) in ledger.held where world.application.services[service].gate == hold {
      world.opened(service, by: "restart of node \(index)")
    }
    ledger.held = []
    if !guardian.isAlive { guardian.start() }
    for entry in ledger.entries { recover(entry) }
    if ledger.highest < highest {
      world.violate("S5", "the highest fence of node \(index) went down")
    }
  }

  private func recover(_ entry: NodeLedger.Entry) {
    guard let sealed = world.plan(hash: entry.planHash),
      let member = sealed.plan.member(entry.member), let service = world.service(entry.member)
    else { return }
    let machine =
      entry.certificate.map {
        MemberHold(
          recovered: $0, fence: entry.fence, member: entry.member, hold: entry.hold)
      }
      ?? MemberHold(
        fence: entry.fence, member: entry.member, hold: entry.hold, lease: .zero, cap: .zero)
    let attempt = NodeAttempt(
      fence: entry.fence, member: member, service: service, sealed: sealed, hold: entry.hold,
      machine: machine)
    attempts.append(attempt)
    world.census.count(
      entry.certificate == nil ? "agent:restarted-open" : "agent:restarted-certified")
    if entry.certificate == nil { cleanUp(attempt, "the agent was restarted") }
  }

  func receive(_ order: CutOrder, from coordinator: Int) {
    // A newer connection has replaced the one on which this was sent.
    guard isUp, coordinator >= coordinatorSeen else { return }
    if isStalled {
      later(.zero) { [self] in receive(order, from: coordinator) }
      return
    }
    coordinatorSeen = coordinator
    let newest = attempts.last { $0.member.name == order.member && $0.fence > order.fence }
    let before = newest?.machine.state
    let attempt = attempts.first { $0.fence == order.fence && $0.member.name == order.member }
    if case .prepare(_, _, let bytes, let lease) = order {
      if attempt == nil { prepare(order.fence, order.member, bytes, lease) }
    } else if let attempt {
      obey(order, attempt)
    } else {
      answerUnknown(order)
    }
    if let newest, newest.machine.state != before {
      world.violate("S6", "\(order) of a lower fence changed attempt \(newest.fence)")
    }
  }

  private func obey(_ order: CutOrder, _ attempt: NodeAttempt) {
    if case .renew(_, _, let hold, let lease) = order {
      if hold == attempt.hold, attempt.machine.state == .held || attempt.machine.state == .freezing,
        attempt.earned?.ended(at: now) == nil
      {
        attempt.earned?.renew(at: now, lease: lease)
        publishLimits(attempt)
      } else if world.mutant == .renewalRevives {
        _ = world.closed(attempt, on: self)
      }
    }
    if world.mutant == .freezeTwice, case .freeze = order, attempt.machine.state != .freezing,
      attempt.earned != nil, !attempt.machine.mayBeHeld
    {
      _ = world.closed(attempt, on: self)
    }
    feed(attempt, .order(order))
  }

  private func answerUnknown(_ order: CutOrder) {
    switch order {
    case .abort, .query, .settled:
      report(order.fence, order.member, .ended(reason: "nothing is left of \(order.fence)"))
    case .freeze, .renew, .witness, .prepare:
      let refusal = Refusal(
        .expired, "\(order.member) is not prepared", highestFence: ledger.highest)
      report(order.fence, order.member, .nack(refusal))
    }
  }

  private func prepare(
    _ fence: Fence, _ name: ServiceName, _ bytes: Data, _ lease: Duration
  ) {
    guard let sealed = world.plan(bytes: bytes), let member = sealed.plan.member(name),
      let service = world.service(name)
    else { return }
    // A higher fence ends an older hold of the member, and waits until it is over.
    for older in attempts where older.member.name == name && older.fence < fence {
      feed(older, .mustEnd(reason: "attempt \(fence) has replaced it"))
      if older.machine.mayBeHeld {
        world.census.count("agent:replaced-while-held")
        return report(
          fence, name, .refused(Refusal(.busy, "an older hold of \(name) is being ended")))
      }
    }
    guard ledger.accept(fence, name) else {
      world.census.count("agent:stale-fence")
      return report(
        fence, name,
        .refused(Refusal(.staleFence, "\(fence) is not higher", highestFence: ledger.highest)))
    }
    counter += 1
    let hold = HoldID(boot: "boot\(index)", incarnation: ledger.incarnation, counter: counter)
    ledger.entries.append(
      NodeLedger.Entry(fence: fence, member: name, hold: hold, planHash: sealed.hash))
    let attempt = NodeAttempt(
      fence: fence, member: member, service: service, sealed: sealed, hold: hold,
      machine: MemberHold(
        fence: fence, member: name, hold: hold, lease: lease,
        cap: sealed.plan.freeze.cap.duration))
    attempts.append(attempt)
    runPrepare(attempt)
  }

  private func runPrepare(_ attempt: NodeAttempt) {
    let faults = world.faults
    var delay = random.duration(.milliseconds(2), .milliseconds(80))
    if random.chance(faults.slowPreparePermille) {
      delay = random.duration(.seconds(5), .seconds(80))
      world.census.count("fault:slow-prepare")
    }
    let refused = random.chance(faults.refusePermille)
    let code: Refusal.Code = random.chance(300) ? .hazard : .busy
    later(delay) { [self] in
      if refused {
        world.census.count("fault:prepare-refused-\(code.rawValue)")
        feed(attempt, .prepareFailed(Refusal(code, "prepare found a reason")))
      } else {
        feed(
          attempt,
          .prepared(
            Preparation(
              predictedQuiesce: .milliseconds(20), predictedSnapshot: .milliseconds(20),
              fidelity: fidelity(of: attempt), remarks: [])))
        world.application.wake()
      }
    }
  }

  func fidelity(of attempt: NodeAttempt) -> Fidelity {
    guard world.application.services[attempt.service].isWeak, world.mutant != .fidelityClaimed
    else { return .full }
    return Fidelity(
      durableStateConstant: true, acknowledgedIsDurable: false, nothingAcknowledged: true,
      reasons: ["acknowledges before it is durable"])
  }

  /// Feeds the machine and performs what it says; the auditor looks on.
  func feed(_ attempt: NodeAttempt, _ event: MemberHold.Event) {
    let before = attempt.machine
    var moment = now
    if world.mutant == .leaseNeverChecked, let lease = before.lease { moment = lease.begunAt }
    if case .order(.freeze) = event, case .prepared = before.state {
      attempt.earned = HoldLease(
        at: now, lease: CutTimes().lease, cap: attempt.sealed.plan.freeze.cap.duration)
    }
    let actions = attempt.machine.apply(event, at: moment)
    if attempt.machine.witness != nil, before.witness == nil { attempt.notes.witnessReceived = now }
    MachineAuditor.check(
      world, attempt, before: before, event: event, actions: actions, at: now)
    let deadline = attempt.machine.nextDeadline
    if let deadline, deadline != before.nextDeadline {
      later(clock.wait(until: deadline, at: world.timeline.now)) { [self] in feed(attempt, .tick) }
    }
    perform(actions, of: attempt)
    if world.mutant == .witnessIgnored, case .holdsTaken = event, attempt.machine.state == .held {
      let alone = WitnessVector([attempt.member.name: attempt.hold])
      feed(
        attempt,
        .order(.witness(fence: attempt.fence, member: attempt.member.name, vector: alone)))
    }
  }

  func report(_ fence: Fence, _ member: ServiceName, _ news: CutReport.News) {
    world.census.count("report:\(Naming.of(news))")
    world.deliver(CutReport(fence: fence, member: member, news: news), from: self)
  }

  /// What lease and cap allow at most, in true time, for the ghost history.
  func publishLimits(_ attempt: NodeAttempt) {
    guard let earned = attempt.earned else { return }
    let most = world.timeline.now + clock.wait(until: earned.deadline, at: world.timeline.now)
    world.ghost.update(attempt.hold, service: attempt.service) {
      $0.mostEnd = max($0.mostEnd, most)
    }
  }
}
