import CutProtocol
import Model

/// One life of a simulated coordinator: performs what `CoordinatorCut` orders over the store and the network.
final class CoordinatorShell {
  /// Grows with each start; messages of a connection carry it.
  let life: Int
  let clock: DriftingClock
  unowned let world: World
  var random: SplitMix64
  private(set) var epoch: UInt64 = 0
  private(set) var isUp = true
  /// It was replaced without knowing; its writes are refused from then on.
  var isZombie = false
  var runs: [GroupRun] = []
  private var cutCounter: UInt64 = 0

  init(life: Int, world: World, clock: DriftingClock, random: SplitMix64) {
    self.life = life
    self.world = world
    self.clock = clock
    self.random = random
  }

  var now: Duration { clock.local(world.timeline.now) }
  var isIdle: Bool { runs.allSatisfy { $0.result != nil } }

  func stop() { isUp = false }

  func later(_ delay: Duration, _ work: @escaping () -> Void) {
    world.timeline.after(delay) { [self] in if isUp { work() } }
  }

  /// A durable write: takes a while, and a crash may come before or after it.
  func write(_ work: @escaping () -> Void, then next: @escaping () -> Void) {
    later(random.duration(.microseconds(300), .milliseconds(6))) { [self] in
      work()
      later(random.duration(.zero, .milliseconds(1)), next)
    }
  }

  func start() {
    write({ [self] in epoch = world.store.beginEpoch() }) { [self] in
      recover()
      repeatClosing()
      world.coordinatorStarted(self)
    }
  }

  func begin(_ sealed: SealedPlan) {
    write({ [self] in world.store.create(sealed) }) { [self] in
      for group in Set(sealed.plan.members.map(\.group)).sorted() {
        cutCounter += 1
        let machine = CoordinatorCut(
          plan: sealed, group: group,
          fence: Fence(epoch: epoch, cut: cutCounter, attempt: 1), times: world.times,
          jitter: [0.2, 0.7], at: now)
        let run = GroupRun(
          backup: sealed.plan.backup, sealed: sealed, group: group, part: .machine(machine))
        runs.append(run)
        feed(run, .tick)
      }
    }
  }

  func cancel(_ backup: BackupID) {
    for run in runs where run.backup == backup && run.result == nil {
      feed(run, .cancel(reason: "the operator cancelled the backup"))
    }
  }

  func receive(_ report: CutReport) {
    guard isUp else { return }
    noticeFence(report.news)
    guard
      let run = runs.first(where: {
        $0.fence == report.fence && $0.members.contains(report.member)
      }), run.result == nil
    else { return receiveOther(report) }
    switch run.part {
    case .machine: feed(run, event(of: report))
    case .recovery: answerRecovery(run, report)
    }
  }

  private func noticeFence(_ news: CutReport.News) {
    let highest: Fence?
    switch news {
    case .refused(let refusal), .nack(let refusal): highest = refusal.highestFence
    default: highest = nil
    }
    guard let highest, highest.epoch > epoch, !isZombie else { return }
    world.census.count("coordinator:epoch-raised")
    epoch = world.store.raiseEpoch(above: highest.epoch)
    for run in runs {
      guard case .machine(var machine) = run.part else { continue }
      machine.raiseEpoch(to: epoch)
      run.part = .machine(machine)
    }
  }

  private func event(of report: CutReport) -> CoordinatorCut.Event {
    switch report.news {
    case .prepared(let hold, let preparation): return .prepared(report.member, hold, preparation)
    case .refused(let refusal): return .refused(report.member, refusal)
    case .frozen(let hold): return .frozen(report.member, hold)
    case .nack(let refusal): return .nack(report.member, refusal)
    case .ended(let reason): return .ended(report.member, reason: reason)
    case .certified(let certificate):
      guard let statement = world.notary.verify(certificate) else {
        world.census.count("fault:forged-certificate")
        return .rejected(report.member, reason: "its signature is wrong")
      }
      return .certified(certificate, statement)
    }
  }

  func feed(_ run: GroupRun, _ event: CoordinatorCut.Event) {
    guard case .machine(var machine) = run.part, run.result == nil else { return }
    let before = machine
    let actions = machine.apply(event, at: now)
    run.part = .machine(machine)
    noteGivenUp(before, actions)
    if machine.state != before.state {
      world.census.count("cut:\(Naming.of(machine.state))")
      if case .waiting = machine.state, case .witnessed = before.state {
        world.census.count("coordinator:witnessed-attempt-abandoned")
      }
    }
    world.trace("coordinator \(life) \(run.backup) \(Naming.of(machine.state)) \(machine.fence)")
    run.queue += actions
    if let deadline = machine.nextDeadline, deadline != before.nextDeadline || event == .tick {
      later(clock.wait(until: deadline, at: world.timeline.now)) { [self] in feed(run, .tick) }
    }
    pump(run)
  }

  private func noteGivenUp(_ before: CoordinatorCut, _ actions: [CoordinatorCut.Action]) {
    let aborts = actions.contains {
      if case .send(.abort(before.fence, _, _), _) = $0 { true } else { false }
    }
    switch before.state {
    case .freezing where world.profile.policyIndex != 2, .witnessed:
      if aborts { world.ghost.gaveUp(before.fence, at: world.timeline.now) }
    default: break
    }
  }

  /// Performs actions in their order; what must be durable holds up the rest.
  private func pump(_ run: GroupRun) {
    while !run.isBlocked, !run.queue.isEmpty, isUp {
      switch run.queue.removeFirst() {
      case .log: break
      case .send(let order, let node): send(order, to: node, run)
      case .begin(let fence, let members):
        var isCurrent = true
        durably(run, waits: world.mutant != .sendBeforeDurable) { [self] in
          isCurrent = world.store.begin(
            fence, of: run.backup, group: run.group, members: members, epoch: epoch)
          if !isCurrent { replaced() }
        }
      case .keep(let certificate, let fence, let member):
        durably(run, waits: true) { [self] in world.store.keep(certificate, fence, member) }
      case .finish(let result):
        run.result = result
        conclude(run.backup, byRecovery: false)
      }
    }
  }

  private func durably(_ run: GroupRun, waits: Bool, _ work: @escaping () -> Void) {
    run.isBlocked = waits
    write(work) { [self] in
      run.isBlocked = false
      pump(run)
    }
  }

  /// The store knows a newer coordinator: this one exits, and is started again if it should have been the newest.
  private func replaced() {
    world.trace("coordinator \(life) finds that it was replaced")
    world.census.count("coordinator:replaced")
    isUp = false
    world.timeline.after(.seconds(1)) { [world] in
      if world.coordinator?.isUp != true { world.startCoordinator() }
    }
  }

  private func send(_ order: CutOrder, to node: NodeID, _ run: GroupRun) {
    let isKnownDown = world.deliver(order, to: node, from: self)
    if isKnownDown {
      later(.milliseconds(1)) { [self] in
        feed(run, .unreachable(order.member, reason: "\(node) is not connected"))
      }
    }
  }

  /// Grades and commits once every group of the backup has a result.
  func conclude(_ backup: BackupID, byRecovery: Bool) {
    let mine = runs.filter { $0.backup == backup }
    guard let sealed = mine.first?.sealed, mine.allSatisfy({ $0.result != nil }) else { return }
    var groups: [GroupEvidence] = []
    for run in mine {
      if case .evidence(let evidence)? = run.result { groups.append(evidence) }
    }
    var verdict = world.notary.judge(sealed, groups)
    if world.mutant == .witnessIgnored, verdict.grade == .serviceConsistent {
      verdict.grade = .applicationConsistent
    }
    var outcome = FleetStore.Outcome(
      backup: backup, verdict: verdict, groups: groups, epoch: epoch, byRecovery: byRecovery)
    var isCommitted = false
    write({ [self] in
      // An epoch that this coordinator itself has raised meanwhile is still its own.
      outcome.epoch = epoch
      isCommitted = world.store.commit(outcome)
    }) { [self] in
      if isCommitted { world.committed(outcome, sealed) } else { replaced() }
    }
  }
}
