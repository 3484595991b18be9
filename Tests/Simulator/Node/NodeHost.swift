import AgentCore
import CutProtocol
import Model

/// One machine of the fleet: its disk, its clocks, its guardian, and the life of its agent.
final class NodeHost: @unchecked Sendable {
  let index: Int
  let id: NodeID
  let world: World
  let machine: MachineTime
  let ledger: SimulatedFile
  let run: SimulatedRunDirectory
  /// A machine that was made from a copy of another's disk; nothing of the application runs there.
  let isClone: Bool
  private(set) var guardian: GuardianHost
  private(set) var agent: AgentLife?
  private(set) var boots = 1
  private(set) var lives = 0
  /// Holds that only a start of the agent can end, and from when on.
  private var isBroken = false
  /// The highest fence that this node is known to have accepted.
  var highest = Fence.none
  var isExpired = false

  init(index: Int, world: World) {
    self.index = index
    self.id = NodeID(accepted: "n\(index)")
    self.world = world
    isClone = false
    machine = MachineTime(world.drawDrift(), timeline: world.timeline)
    ledger = SimulatedFile(path: "ledger of \(id)", oracle: world.oracle)
    run = SimulatedRunDirectory(oracle: world.oracle)
    guardian = GuardianHost()
    guardian.attach(self)
  }

  init(cloneOf original: NodeHost) {
    index = original.index
    id = original.id
    world = original.world
    isClone = true
    machine = MachineTime(original.machine.drift, timeline: original.world.timeline)
    ledger = original.ledger.cloned()
    run = SimulatedRunDirectory(oracle: original.world.oracle)
    guardian = GuardianHost()
    guardian.attach(self)
  }

  var boot: String { isClone ? "clone\(index)" : "boot\(index)x\(boots)" }

  /// The agent's program starts: thaws what the run directory names before anything else.
  func start() {
    guard agent?.process.isAlive != true else { return }
    lives += 1
    for record in run.records {
      if let service = world.service(record.member),
        world.application.services[service].gate == record.hold
      {
        world.opened(service, by: "restart of \(id)")
      }
      // A record that cannot be removed only thaws once more.
      try? run.remove(record.hold)
    }
    if !guardian.isAlive { guardian = replacedGuardian() }
    let life = AgentLife(node: self, number: lives)
    agent = life
    life.start()
  }

  private func replacedGuardian() -> GuardianHost {
    let fresh = GuardianHost()
    fresh.attach(self)
    return fresh
  }

  func startGuardian() { if !guardian.isAlive { guardian = replacedGuardian() } }

  func crashAgent() {
    guard let agent, agent.process.isAlive else { return }
    agent.end()
    guardian.agentEnded()
    markAlone()
  }

  func crashGuardian() {
    guard guardian.isAlive else { return }
    for record in run.records where guardian.guards(record.hold) {
      guard let service = world.service(record.member) else { continue }
      world.ghost.update(record.hold, service: service) { $0.hasLostGuardian = true }
    }
    guardian.die()
    markAlone()
    agent?.guardianLink.tellGone()
  }

  /// Neither agent nor guardian can end what is held now: only a restart, or the machine going on, will.
  func markAlone() {
    let agentCan = agent?.process.isRunning == true
    for record in run.records {
      guard let service = world.service(record.member), !guardian.guards(record.hold) else {
        continue
      }
      world.ghost.update(record.hold, service: service) { hold in
        if !agentCan || (hold.isStuck && hold.hasLostGuardian) { hold.wasAlone = true }
      }
    }
  }

  func reboot() {
    crashAgent()
    guardian.die()
    boots += 1
    run.clear()
    ledger.losePower(&world.random)
    for (index, service) in world.application.services.enumerated() where service.node == self.index
    {
      // The kernel's freezes are gone with the kernel, and every process is another one.
      world.opened(index, by: "reboot of \(id)")
      world.application.restartContainer(index)
    }
  }
}
