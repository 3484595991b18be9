import AgentCore
import CutProtocol
import Lifecycle
import Logging
import Model

/// One life of an agent: its production core, put together as its program does, over simulated ports.
final class AgentLife: @unchecked Sendable {
  let node: NodeHost
  let world: World
  let process: SimulatedProcess
  let clock: SimulatedClock
  private(set) var handler: SimulatedHandler
  private(set) var lanes: OrderLanes
  private var link: SimulatedGuardianLink?
  private(set) var cuts: CutService?
  var connection: Connection?
  private var lastStall = Duration.zero
  private var isStopping = false

  init(node: NodeHost, number: Int) {
    self.node = node
    world = node.world
    let process = node.world.newProcess("agent \(node.id) \(number)")
    self.process = process
    clock = SimulatedClock(machine: node.machine, process: process)
    handler = SimulatedHandler(world: node.world, node: node)
    lanes = OrderLanes(handler: handler, logger: node.world.logger("agent"))
  }

  var guardianLink: SimulatedGuardianLink {
    if let link { return link }
    let made = SimulatedGuardianLink(agent: self)
    link = made
    return made
  }

  func start() {
    world.trace("\(process.name) starts")
    do {
      let ledger = try AgentLedger(file: node.ledger, boot: node.boot)
      serve(ledger)
    } catch {
      // The service manager starts it again.
      world.census.count("agent:could-not-start")
      process.kill()
      world.timeline.after(.seconds(1)) { [node] in
        if node.agent?.process.isAlive != true { node.start() }
      }
    }
  }

  private func serve(_ ledger: AgentLedger) {
    let cuts = CutService(environment: environment(), ledger: ledger)
    self.cuts = cuts
    handler.serve(cuts, ledger, process)
    process.spawn { [self] in
      let known = await ledger.highestFence
      if known < node.highest { world.violate("S5", "the highest fence of \(node.id) went down") }
    }
    process.spawn { await cuts.run() }
    process.spawn { [lanes] in await lanes.run() }
    dial(after: world.random.duration(.milliseconds(5), .milliseconds(60)))
  }

  private func environment() -> CutEnvironment {
    let node = node
    let reports = SimulatedReports(agent: self)
    return CutEnvironment(
      node: node.id, runtime: SimulatedRuntime(agent: self),
      quiescer: SimulatedQuiescer(agent: self),
      snapshots: world.mutant.snapshots(SimulatedSnapshots(agent: self)), guardian: guardianLink,
      rescues: node.run, signer: SimulatedSigner(agent: self), reports: reports,
      identify: { container, pid in try node.world.application.identity(container, pid) },
      clock: world.mutant.clock(clock, node), observer: world.steps,
      logger: world.logger("agent"))
  }

  /// Looks for a coordinator until one is found.
  private func dial(after delay: Duration) {
    world.timeline.after(delay) { [self] in
      guard process.isAlive, connection == nil, !isStopping else { return }
      guard process.isRunning, !node.isExpired, !world.store.revoked.contains(node.id),
        !world.network.isCut(node: node.index), let coordinator = world.reachableCoordinator
      else { return dial(after: .milliseconds(200)) }
      let connection = Connection(agent: self, coordinator: coordinator)
      self.connection = connection
      connection.begin()
    }
  }

  func lost(_ connection: Connection) {
    guard self.connection === connection else { return }
    self.connection = nil
    guard process.isAlive else { return }
    process.spawn { [handler] in await handler.coordinatorLost() }
    dial(after: world.random.duration(.milliseconds(100), .milliseconds(600)))
  }

  func stall(for time: Duration) {
    process.stop()
    node.markAlone()
    world.timeline.after(.seconds(5)) { [self] in
      if process.state == .stalled { connection?.close("the agent is silent") }
    }
    world.timeline.after(time) { [self] in
      lastStall = world.timeline.now
      process.resume()
    }
  }

  func wasStalled(since time: Duration) -> Bool { lastStall >= time || !process.isRunning }

  /// As SIGTERM: ends every hold, then itself.
  func stop() {
    guard let cuts, process.isAlive, !isStopping else { return }
    isStopping = true
    process.spawn { [self] in
      await cuts.stop()
      // What its release cannot end is its guardian's to end.
      for held in await cuts.held() {
        guard let service = world.service(held.member),
          world.application.services[service].gate == held.hold,
          !node.guardian.guards(held.hold),
          world.ghost.hold(held.hold, service: service)?.wasAlone != true
        else { continue }
        world.violate("L1", "\(process.name) stopped with a hold")
      }
      node.crashAgent()
    }
  }

  func end() {
    process.kill()
    connection?.close("the agent is gone")
    connection = nil
  }
}

/// Hands reports to the stream of the moment, or nowhere.
struct SimulatedReports: ReportSink {
  let agent: AgentLife

  func send(_ report: CutReport) async {
    agent.world.census.count("report:\(Naming.of(report.news))")
    if let connection = agent.connection, connection.isOpen { connection.send(report) }
  }
}

/// What the link calls; the core behind it is the production one.
final class SimulatedHandler: OrderHandler, @unchecked Sendable {
  private let world: World
  private let node: NodeHost
  private var cuts: CutService?
  private var ledger: AgentLedger?

  init(world: World, node: NodeHost) {
    self.world = world
    self.node = node
  }

  func serve(_ cuts: CutService, _ ledger: AgentLedger, _ process: SimulatedProcess) {
    self.cuts = cuts
    self.ledger = ledger
  }

  func handle(_ order: CutOrder) async {
    await world.mutant.handling(order, on: node)
    await cuts?.handle(order)
    await world.mutant.handled(order, by: cuts, on: node)
  }

  func handle(_ request: NodeRequest) async -> NodeReply {
    guard let agent = node.agent else { return .failed(Refusal(.busy, "no agent")) }
    let snapshots = SimulatedSnapshots(agent: agent)
    do throws(Refusal) {
      switch request {
      case .deleteSnapshot(let driver, let snapshot, let group):
        try await snapshots.delete(driver: driver, snapshot: snapshot, group: group)
        return .done
      case .restore(let order): return .restored(try await snapshots.restore(order))
      case .probe(let order): return .probed(try await snapshots.probe(order))
      case .findSnapshots(let wanted): return .found(await snapshots.presence(of: wanted))
      case .runHook:
        return .failed(Refusal(.hazard, "simulated containers run no commands"))
      }
    } catch {
      return .failed(error)
    }
  }

  func hello() async -> AgentHello {
    AgentHello(
      version: "1", boot: node.boot, incarnation: await ledger?.incarnation ?? 0,
      highestFence: await ledger?.highestFence ?? .none, journalEnd: 0, journal: "j-\(node.id)")
  }

  func heartbeat() async -> AgentHeartbeat {
    AgentHeartbeat(observed: nil, held: await cuts?.held() ?? [], troubles: [])
  }

  func coordinatorLost() async {}
}
