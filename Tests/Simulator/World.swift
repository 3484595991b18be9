import AgentCore
import CoordinatorCore
import CutProtocol
import Foundation
import Logging
import Model
import SeededRandom

/// One simulated fleet and everything that happens to it in one run, on one thread.
final class World: @unchecked Sendable {
  static let fleet = FleetID(accepted: "fleet")

  let seed: UInt64
  let mutant: Sabotage
  let shape: FleetShape
  let times = CutTimes()
  let oracle: FaultOracle
  let timeline = Timeline()
  let simulation: SimulationExecutor
  let ghost = GhostHistory()
  let storage = Storage()
  let notary = Notary()
  let network: FaultyNetwork
  private(set) var application: Application
  private(set) var nodes: [NodeHost] = []
  private(set) var clones: [NodeHost] = []
  private(set) var coordinators: [CoordinatorLife] = []
  private(set) var processes: [SimulatedProcess] = []
  var store = FleetStore()
  var census = Census()
  var random: SplitMix64
  let plans: [PlanRecord]
  private var auditor: StepAuditor?
  private var serviceIndex: [ServiceName: Int] = [:]
  /// When each revoked node had been disconnected.
  private var cutOff: Set<NodeID> = []
  /// Freeze orders that had reached their agents before these were told to go.
  private var cameInTime: Set<MemberFence> = []

  private struct MemberFence: Hashable {
    var fence: Fence
    var member: ServiceName
  }
  /// Fences of attempts that an older copy of the catalog has forgotten.
  private var forgotten: Set<Fence> = []
  /// Snapshots of backups that an older copy of the catalog has forgotten; they belong to whoever rebuilds it.
  private(set) var orphanedByRestore: Set<Fence> = []

  init(seed: UInt64, only: Set<FaultOracle.Strike>?, mutant: Mutant?) {
    var random = SplitMix64(seed: seed)
    self.seed = seed
    self.mutant = Sabotage(mutant)
    shape = FleetShape(random: &random)
    oracle = FaultOracle(seed: seed, only: only)
    simulation = SimulationExecutor(random: random.fork())
    network = FaultyNetwork(
      nodes: shape.nodes, timeline: timeline, oracle: oracle, random: random.fork())
    plans = shape.plans
    let services = shape.services
    application = Application(
      services: [], timeline: timeline, random: random.fork(), isBusy: { false })
    self.random = random
    for (index, service) in services.enumerated() { serviceIndex[service.name] = index }
    auditor = StepAuditor(world: self)
    application = Application(
      services: services, timeline: timeline, random: self.random.fork(),
      isBusy: { [unowned self] in isNearCut })
    nodes = (0..<shape.nodes).map { NodeHost(index: $0, world: self) }
  }

  var steps: (any StepObserver)? { auditor }

  /// Writers rest while no hold can be near.
  var isNearCut: Bool { timeline.now < restFrom || nodes.contains { !$0.run.records.isEmpty } }
  private var restFrom = Duration.zero
  func expectCut() {
    restFrom = timeline.now + .milliseconds(200)
    application.wake()
  }

  // MARK: Parts

  func drawDrift() -> DriftingClock {
    DriftingClock(
      permille: shape.drift ? 900 + random.below(201) : 1000,
      origin: .seconds(random.below(100_000)))
  }

  func newProcess(_ name: String) -> SimulatedProcess {
    let process = SimulatedProcess(name, timeline: timeline, simulation: simulation)
    processes.append(process)
    return process
  }

  func logger(_ part: String) -> Logger {
    Logger(label: part) { [self] _ in CensusLog(world: self, part: part) }
  }

  @discardableResult
  func startCoordinator() -> CoordinatorLife {
    let life = CoordinatorLife(number: coordinators.count + 1, world: self)
    coordinators.append(life)
    census.count("coordinator:started")
    life.start()
    return life
  }

  /// A coordinator that has ended by itself is started again, unless another is there.
  func coordinatorEnded(_ life: CoordinatorLife) {
    timeline.after(.seconds(1)) { [self] in
      if coordinators.last?.process.isAlive != true { startCoordinator() }
    }
  }

  var coordinator: CoordinatorLife? { coordinators.last }

  /// Whom an agent that dials reaches: the newest that serves.
  var reachableCoordinator: CoordinatorLife? {
    coordinators.last { $0.process.isRunning && $0.core != nil }
  }

  func clone(_ node: NodeHost) -> NodeHost {
    let clone = NodeHost(cloneOf: node)
    clones.append(clone)
    clone.start()
    return clone
  }

  func service(_ name: ServiceName) -> Int? { serviceIndex[name] }

  /// The node on which a hold was begun.
  func node(of hold: HoldID) -> NodeHost? {
    nodes.first { hold.boot.hasPrefix("boot\($0.index)x") }
  }

  // MARK: The catalog's copies

  func restoreCatalog(_ old: FleetStore) {
    for attempt in store.attempts where !old.isBegun(attempt.fence, attempt.member) {
      forgotten.insert(attempt.fence)
      orphanedByRestore.insert(attempt.fence)
    }
    for attempt in store.attempts where store.isCommitted(attempt) && !old.isCommitted(attempt) {
      orphanedByRestore.insert(attempt.fence)
    }
    // An old catalog knows nothing of a revocation since.
    for node in nodes where !old.revoked.contains(node.id) { letIn(node.id) }
    store = old
  }

  /// What a node's ledger has not closed, but for what no catalog knows of any more. A cloned agent has spoken for its
  /// node: what it said to be over stays on the other.
  func openAttempts(on node: NodeHost) -> [Fence] {
    guard !clones.contains(where: { $0.index == node.index }) else { return [] }
    return node.ledger.openFences.filter { !orphanedByRestore.contains($0) }
  }

  func wasForgotten(_ fence: Fence) -> Bool { forgotten.contains(fence) }

  // MARK: Holds, as they really are

  /// Puts a hold in force and remembers it; false when another is.
  func closed(_ service: Int, _ record: HoldRecord, on node: NodeHost, isLie: Bool) -> Bool {
    if !isLie {
      guard application.close(service, record.hold) else {
        if let other = application.services[service].gate, other != record.hold {
          violate("S18", "\(record.hold) was to hold \(record.member) together with \(other)")
        }
        return false
      }
    }
    let now = timeline.now
    let lease = auditor?.earnedLease(record.hold)
    let drift = node.machine.drift
    let guardianToo = SimulatedGuardianLink.margin
    ghost.began(
      GhostHistory.Hold(
        id: record.hold, fence: record.fence, service: service, node: node.index, began: now,
        mostEnd: lease.map { now + drift.wait(until: $0.deadline + guardianToo, at: now) } ?? now,
        capEnd: lease.map { now + drift.wait(until: $0.begunAt + $0.cap + guardianToo, at: now) }
          ?? now, isLie: isLie))
    return true
  }

  /// A lying hold is judged by what its two tokens could have seen.
  func sampled(_ hold: HoldID, _ service: Int) {
    let now = timeline.now
    ghost.update(hold, service: service) { hold in
      if hold.wasSampled { hold.ended = now } else { hold.began = now }
      hold.wasSampled = true
    }
  }

  /// What lease and cap allow at most, in true time.
  func publishLimits(_ hold: HoldID, _ node: NodeHost, _ lease: HoldLease?) {
    guard let lease else { return }
    let now = timeline.now
    let most =
      now
      + node.machine.drift.wait(
        until: lease.deadline + SimulatedGuardianLink.margin, at: now)
    for service in application.services.indices {
      ghost.update(hold, service: service) { $0.mostEnd = max($0.mostEnd, most) }
    }
  }

  @discardableResult
  func opened(_ service: Int, by who: String) -> HoldID? {
    guard let hold = application.open(service) else { return nil }
    census.count("opened-by:\(who.split(separator: " ")[0])")
    trace("\(application.services[service].name) is open, by \(who)")
    ghostEnd(hold, service)
    return hold
  }

  /// L1, L2 and L4: no hold lasts longer than lease and cap allow, unless agent and guardian were both gone.
  func ghostEnd(_ id: HoldID, _ service: Int) {
    let now = timeline.now
    ghost.update(id, service: service) { $0.ended = now }
    guard let hold = ghost.hold(id, service: service), !hold.wasAlone, !hold.isLie else { return }
    let slack = Duration.milliseconds(50) + hold.releaseTakes
    if let givenUp = ghost.givenUp[hold.fence], isUndisturbed {
      census.count("ghost:thawed-after-giving-up")
      if now > givenUp + slack {
        violate("L4", "hold \(id) ended \(now - givenUp) after the attempt was given up")
      }
    }
    if now > hold.mostEnd + slack {
      violate("L1", "hold \(id) of service \(service) ended \(now - hold.mostEnd) too late")
    }
    if now > hold.capEnd + slack {
      violate("L2", "hold \(id) of service \(service) passed its cap by \(now - hold.capEnd)")
    }
  }

  /// The coordinator has told a member of the attempt to thaw.
  func gaveUp(_ fence: Fence) {
    if shape.policy != .bestEffort { ghost.gaveUp(fence, at: timeline.now) }
  }

  /// Nothing that this run can meet stands between an order and the thaw that it asks for.
  private var isUndisturbed: Bool { !FleetShape.delaying.contains { oracle.mayStrike($0) } }

  // MARK: Revocation

  func cutOff(_ node: NodeID) { cutOff.insert(node) }
  func letIn(_ node: NodeID) { cutOff.remove(node) }

  func reached(_ node: NodeHost, _ order: CutOrder) {
    guard case .freeze(let fence, let member, _) = order, !cutOff.contains(node.id) else { return }
    cameInTime.insert(MemberFence(fence: fence, member: member))
  }

  /// S15: nobody can take an order back from an agent that is stalled, but no other is obeyed.
  func froze(_ fence: Fence, _ member: ServiceName, on node: NodeHost) {
    guard cutOff.contains(node.id),
      !cameInTime.contains(MemberFence(fence: fence, member: member))
    else { return }
    violate("S15", "\(node.id) froze \(member) by an order that came after it was revoked")
  }

  // MARK: Judgement

  func committed(_ outcome: CutOutcome) {
    trace(
      "\(outcome.backup) committed: \(outcome.verdict.grade.rawValue), \(outcome.verdict.sentence)")
    census.count("grade:\(outcome.verdict.grade.rawValue)")
    if outcome.verdict.drained { census.count("grade-mark:drained") }
    if outcome.groups.contains(where: { !$0.leftOut.isEmpty }) {
      census.count("grade-mark:left-out")
    }
    guard let sealed = store.backup(outcome.backup)?.plan else { return }
    BackupAuditor(world: self, outcome: outcome, sealed: sealed).check()
  }

  func violate(_ property: String, _ what: String) {
    trace("VIOLATION \(property): \(what)")
    ghost.violate(property, what, at: timeline.now)
  }

  private static let isTraced = ProcessInfo.processInfo.environment["STILLPOINT_TRACE"] != nil

  /// Prints what happens when `STILLPOINT_TRACE` is set; meant for one seed alone.
  func trace(_ what: @autoclosure () -> String) {
    if Self.isTraced { print("\(timeline.now)  \(what())") }
  }
}
