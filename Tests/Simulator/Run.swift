import CutProtocol
import Foundation
import Model

/// One seeded run from its first backup to silence.
struct Run {
  typealias Strike = FaultOracle.Strike

  let seed: UInt64
  private(set) var violations: [Violation] = []
  private(set) var census = Census()
  /// The faults that happened.
  private(set) var struck: [Strike] = []
  private(set) var steps = 0
  private(set) var ended = Duration.zero

  /// Everything must be over this long after the last fault.
  private static let limit = Duration.seconds(400)

  /// `only` replaces the faults that the seed draws by exactly these.
  init(seed: UInt64, only: Set<Strike>? = nil, mutant: Mutant? = nil) throws {
    self.seed = seed
    let world = World(seed: seed, only: only, mutant: mutant)
    let requests = Requests(world: world)
    for node in world.nodes { node.start() }
    world.startCoordinator()
    requests.begin()
    FaultSchedule(world: world).begin()
    while world.timeline.now < FaultSchedule.healAt + Self.limit {
      if world.simulation.runNext() { continue }
      if world.timeline.now > FaultSchedule.healAt, requests.isQuiet { break }
      guard world.timeline.step() else { break }
    }
    EndAuditor(world: world, finals: requests.finals).check()
    world.census.count("network:blocked", world.network.blocked)
    for strike in world.oracle.struck { world.census.count("fault:\(strike.fault.rawValue)") }
    violations = world.ghost.violations
    census = world.census
    struck = world.oracle.struck
    steps = world.timeline.steps + world.simulation.jobs
    ended = world.timeline.now
    Self.dissolve(world)
  }

  /// Lets every task end, so that nothing of the run stays in memory.
  private static func dissolve(_ world: World) {
    world.timeline.clear()
    for process in world.processes { process.reap() }
    var left = 200_000
    while left > 0, world.simulation.runNext() { left -= 1 }
    world.timeline.clear()
    precondition(left > 0, "tasks of seed \(world.seed) go on for ever after their cancellation")
  }
}
