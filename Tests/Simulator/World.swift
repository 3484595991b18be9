import CutProtocol
import Foundation
import Model

/// One simulated fleet and everything that happens to it in one run.
final class World {
  let seed: UInt64
  let mutant: Mutant?
  let profile: FaultProfile
  let times = CutTimes()
  let timeline = Timeline()
  let ghost = GhostHistory()
  let storage = Storage()
  let store = FleetStore()
  let notary = Notary()
  let network: FaultyNetwork<CutOrder>
  let reports: FaultyNetwork<CutReport>
  private(set) var application: Application
  private(set) var nodes: [NodeShell] = []
  private(set) var coordinators: [CoordinatorShell] = []
  private(set) var faults: FaultProfile
  var census = Census()
  var random: SplitMix64
  private var serviceIndex: [ServiceName: Int] = [:]
  private var plansByHash: [String: SealedPlan] = [:]

  init(seed: UInt64, profile: FaultProfile? = nil, mutant: Mutant? = nil) {
    var random = SplitMix64(seed: seed)
    let profile = profile ?? FaultProfile(random: &random)
    self.seed = seed
    self.mutant = mutant
    self.profile = profile
    self.faults = profile
    network = FaultyNetwork(nodes: profile.nodes, timeline: timeline, random: random.fork())
    reports = FaultyNetwork(nodes: profile.nodes, timeline: timeline, random: random.fork())
    let services = (0..<profile.members).map { index in
      Application.Service(
        name: ServiceName(accepted: "s\(index)"),
        hasVolume: !(profile.emptyMember && index == 1), isWeak: profile.weakMember && index == 0)
    }
    application = Application(
      services: services, timeline: timeline, random: random.fork(), isBusy: { false })
    self.random = random
    for (index, service) in services.enumerated() { serviceIndex[service.name] = index }
    for index in 0..<profile.nodes {
      nodes.append(
        NodeShell(index: index, world: self, clock: drawClock(), random: self.random.fork()))
    }
    application = Application(
      services: services, timeline: timeline, random: self.random.fork(),
      isBusy: { [unowned self] in nodes.contains(where: \.isBusy) })
    setNetworkFaults()
  }

  private func drawClock() -> DriftingClock {
    DriftingClock(
      permille: profile.drift ? 900 + random.below(201) : 1000,
      origin: .seconds(random.below(100_000)))
  }

  private func setNetworkFaults() {
    for faulty in [0, 1] {
      let loss = profile.lossPermille
      let duplicate = profile.duplicatePermille
      if faulty == 0 {
        network.faults = .init(
          lossPermille: loss, duplicatePermille: duplicate, slowPermille: profile.slowPermille)
      } else {
        reports.faults = .init(
          lossPermille: loss, duplicatePermille: duplicate, slowPermille: profile.slowPermille)
      }
    }
  }

  /// From now on nothing goes wrong any more.
  func heal() {
    trace("heal")
    faults = profile.healed
    network.heal()
    reports.heal()
    for coordinator in coordinators.dropLast() { coordinator.stop() }
    for node in nodes { node.start() }
    let newest = coordinators.last
    if newest?.isUp != true || newest?.epoch != store.epoch {
      newest?.stop()
      startCoordinator()
    }
  }

  @discardableResult
  func startCoordinator() -> CoordinatorShell {
    let shell = CoordinatorShell(
      life: coordinators.count + 1, world: self, clock: drawClock(), random: random.fork())
    coordinators.append(shell)
    census.count("coordinator:started")
    trace("coordinator \(shell.life) starts")
    shell.start()
    return shell
  }

  var coordinator: CoordinatorShell? { coordinators.last }
  private(set) var wanted: [SealedPlan] = []
  /// To which life of the coordinator each request was given.
  private var handedOver: [String: Int] = [:]

  /// Asks for a backup, again at each new coordinator until one has stored it.
  func request(_ sealed: SealedPlan) {
    plansByHash[sealed.hash] = sealed
    wanted.append(sealed)
    if let coordinator { handOver(to: coordinator) }
  }

  func coordinatorStarted(_ shell: CoordinatorShell) { handOver(to: shell) }

  private func handOver(to shell: CoordinatorShell) {
    guard shell.isUp, shell.epoch > 0, !shell.isZombie else { return }
    let stored = store.plans.map(\.hash)
    for sealed in wanted
    where handedOver[sealed.hash] != shell.life && !stored.contains(sealed.hash) {
      handedOver[sealed.hash] = shell.life
      shell.begin(sealed)
    }
  }

  func plan(hash: String) -> SealedPlan? { plansByHash[hash] }
  func plan(bytes: Data) -> SealedPlan? { wanted.first { $0.bytes == bytes } }
  func service(_ name: ServiceName) -> Int? { serviceIndex[name] }

  func node(of member: ServiceName) -> NodeID {
    NodeID(accepted: "n\((serviceIndex[member] ?? 0) % nodes.count)")
  }

  func storageName(_ attempt: NodeAttempt) -> String {
    mutant == .nameWithoutHold
      ? attempt.member.name.text
      : attempt.name.text(volume: attempt.member.volumes.first?.volume.handle)
  }

  /// Sends an order; true when the sender knows at once that the node is not connected.
  func deliver(_ order: CutOrder, to node: NodeID, from coordinator: CoordinatorShell) -> Bool {
    guard let shell = nodes.first(where: { $0.node == node }) else { return true }
    switch order {
    case .prepare, .freeze:
      if !store.isBegun(order.fence, order.member) {
        violate("S13", "\(order.member) was asked before \(order.fence) was durable")
      }
    default: break
    }
    if !shell.isUp || network.isCut(node: shell.index, .toNode), random.chance(500) {
      census.count("fault:node-known-to-be-down")
      return true
    }
    trace(
      "coordinator \(coordinator.life) → \(node) \(Naming.of(order)) \(order.fence) \(order.member)"
    )
    let life = coordinator.life
    let connection = shell.life
    network.send(order, node: shell.index, .toNode) { order in
      if shell.life == connection { shell.receive(order, from: life) }
    }
    return false
  }

  /// Reports go to the coordinator that the agent is connected to, or to the newest one when that is gone.
  func deliver(_ report: CutReport, from node: NodeShell) {
    let seen = coordinators.first { $0.life == node.coordinatorSeen && $0.isUp }
    guard let target = seen ?? coordinator else { return }
    trace(
      "\(node.node) → coordinator \(target.life) \(Naming.of(report.news)) \(report.fence) \(report.member)"
    )
    reports.send(report, node: node.index, .toCoordinator) { target.receive($0) }
  }

  /// Puts a hold in force and remembers it; false when another is.
  func closed(_ attempt: NodeAttempt, on node: NodeShell) -> Bool {
    guard application.close(attempt.service, attempt.hold), let earned = attempt.earned else {
      return false
    }
    let now = timeline.now
    ghost.began(
      GhostHistory.Hold(
        id: attempt.hold, fence: attempt.fence, service: attempt.service, node: node.index,
        began: now, mostEnd: now + node.clock.wait(until: earned.deadline, at: now),
        capEnd: now + node.clock.wait(until: earned.begunAt + earned.cap, at: now)))
    return true
  }

  @discardableResult
  func opened(_ service: Int, by who: String) -> HoldID? {
    guard let hold = application.open(service) else { return nil }
    census.count("opened-by:\(who.split(separator: " ")[0])")
    ghostEnd(hold, service)
    return hold
  }

  /// L1 and L2: no hold lasts longer than lease and cap allow, unless agent and guardian were both gone.
  func ghostEnd(_ id: HoldID, _ service: Int) {
    let now = timeline.now
    ghost.update(id, service: service) { $0.ended = now }
    guard let hold = ghost.hold(id, service: service), !hold.wasAlone else { return }
    let slack = Duration.milliseconds(50)
    if let givenUp = ghost.givenUp[hold.fence], profile.isReachable {
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

  private static let isTraced = ProcessInfo.processInfo.environment["STILLPOINT_TRACE"] != nil

  /// Prints what happens when `STILLPOINT_TRACE` is set; meant for one seed alone.
  func trace(_ what: @autoclosure () -> String) {
    if Self.isTraced { print("\(timeline.now)  \(what())") }
  }

  func violate(_ property: String, _ what: String) {
    trace("VIOLATION \(property): \(what)")
    ghost.violate(property, what, at: timeline.now)
  }

  func committed(_ outcome: FleetStore.Outcome, _ sealed: SealedPlan) {
    trace(
      "\(outcome.backup) committed: \(outcome.verdict.grade.rawValue), \(outcome.verdict.sentence)")
    census.count("grade:\(outcome.verdict.grade.rawValue)")
    if outcome.byRecovery { census.count("coordinator:recovery-\(outcome.verdict.grade.rawValue)") }
    if outcome.verdict.drained { census.count("grade-mark:drained") }
    if outcome.groups.contains(where: { !$0.leftOut.isEmpty }) {
      census.count("grade-mark:left-out")
    }
    BackupAuditor(world: self, outcome: outcome, sealed: sealed).check()
  }
}
