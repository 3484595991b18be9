import CoordinatorCore
import CutProtocol
import Lifecycle
import Logging
import Model
import SeededRandom

/// One life of a coordinator: its production core, put together as its program does, over simulated ports.
final class CoordinatorLife: @unchecked Sendable {
  /// What is there once it has begun its epoch.
  struct Core: Sendable {
    let fences: FenceSource
    let directory: FleetDirectory
    let backups: BackupService
    let agents: AgentService
    let fleet: FleetService
    let closer: AttemptCloser
    let crew: Crew
  }

  /// Counts the coordinators of a run.
  let number: Int
  let process: SimulatedProcess
  let clock: SimulatedClock
  let world: World
  private(set) var core: Core?
  /// Open and closing streams, one for each node.
  private(set) var connections: [NodeID: Connection] = [:]
  private var lanes: [NodeID: AsyncStream<@Sendable () async -> Void>.Continuation] = [:]

  init(number: Int, world: World) {
    self.number = number
    self.world = world
    process = world.newProcess("coordinator \(number)")
    clock = SimulatedClock(
      machine: MachineTime(world.drawDrift(), timeline: world.timeline), process: process)
  }

  func start() {
    process.spawn { [self] in
      do {
        let core = try await assemble()
        self.core = core
        let epoch = await core.fences.epoch
        world.trace("\(process.name) serves epoch \(epoch)")
        await core.crew.work()
        // Only a stop that was asked for closes the crew.
        end()
      } catch {
        world.census.count("coordinator:could-not-start")
        end()
      }
    }
  }

  private func assemble() async throws -> Core {
    let records = SimulatedCatalog(world: world, process: process)
    let catalog: any CutStore = world.mutant.catalog(records)
    let logger = world.logger("coordinator")
    let gateway = SimulatedGateway(coordinator: self)
    let random = SeededSource(world.random.fork())
    let fences = try await FenceSource(store: records)
    let router = CutRouter()
    let turns = world.mutant.turns()
    let closer = AttemptCloser(
      store: catalog, gateway: gateway, fences: fences, logger: logger)
    let directory = FleetDirectory(
      nodes: records, placements: records, audit: records, fences: fences, router: router,
      closer: closer,
      clock: clock, logger: logger)
    let driver = CutDriver(
      gateway: gateway, store: catalog, router: router, verifier: world.notary, fences: fences,
      clock: clock, random: random, observer: world.steps, logger: logger)
    let crew = Crew()
    let backups = BackupService(
      environment: BackupService.Environment(
        fleet: World.fleet, cuts: catalog, backups: records, plans: records, placements: records,
        audit: records, gateway: gateway, driver: driver, closer: closer, fences: fences,
        turns: turns, verifier: world.notary, authorities: [], times: world.times, clock: clock,
        random: random,
        logger: logger), tasks: crew)
    let recovery = CutRecovery(
      store: catalog, closer: closer, turns: turns, verifier: world.notary, authorities: [],
      clock: clock, logger: logger)
    CutUpkeep(closer: closer, backups: backups, recovery: recovery, clock: clock).begin(on: crew)
    let fleet = FleetService(
      fleet: World.fleet, version: "1", startedAt: clock.timestamp(),
      sources: FleetService.Sources(
        nodes: records, placements: records, plans: records, backups: records,
        directory: directory, service: backups, closer: closer, fences: fences))
    let agents = AgentService(
      nodes: records, audit: records, gateway: gateway,
      issue: { _ in ("token", Timestamp(nanoseconds: 0)) }, copyCatalog: { _ in })
    await world.mutant.coordinatorBegins(closer, world.store, epoch: fences.epoch)
    return Core(
      fences: fences, directory: directory, backups: backups, agents: agents, fleet: fleet,
      closer: closer, crew: crew)
  }

  /// Takes a new stream; the node's earlier one ends.
  func take(_ connection: Connection) {
    connections[connection.node.id]?.close("a newer connection has replaced it")
    connections[connection.node.id] = connection
  }

  func remove(_ connection: Connection) {
    if connections[connection.node.id] === connection { connections[connection.node.id] = nil }
  }

  /// What a node says is worked off in its order.
  func inLane(of node: NodeID, _ work: @escaping @Sendable () async -> Void) {
    if lanes[node] == nil {
      let (stream, entry) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
      lanes[node] = entry
      process.spawn { for await work in stream { await work() } }
    }
    lanes[node]?.yield(work)
  }

  /// Asks it to stop, as SIGTERM: the cuts that run are ended while the agents can still be told.
  func stop() { core?.crew.close() }

  /// Nothing of it happens any more.
  func end() {
    guard process.isAlive else { return }
    process.kill()
    world.trace("\(process.name) ends")
    for connection in connections.values.sorted(by: { $0.node.id < $1.node.id }) {
      connection.close("the coordinator is gone")
    }
    world.coordinatorEnded(self)
  }
}

/// The production random source over a seeded generator.
final class SeededSource: RandomSource, @unchecked Sendable {
  private var random: SplitMix64
  init(_ random: SplitMix64) { self.random = random }
  func next() -> UInt64 { random.next() }
}
