import AgentCore
import CoordinatorCore
import CutProtocol
import Model
import SeededRandom

/// When the faults that are drawn once each strike: mostly near a cut, where they can do harm.
struct FaultSchedule {
  let world: World
  static let firstCut = Duration.seconds(1)
  /// After this nothing goes wrong any more.
  static let healAt = Duration.seconds(45)

  func begin() {
    for fault in Fault.allCases where fault.chances > 0 {
      for _ in 0..<fault.chances {
        guard var random = world.oracle.strike(fault) else { continue }
        let time =
          random.chance(700)
          ? Self.firstCut + random.duration(.zero, .milliseconds(250))
          : random.duration(Self.firstCut, .seconds(25))
        let measures = random.fork()
        world.timeline.after(time) {
          guard !world.oracle.isHealed else { return }
          world.trace("FAULT \(fault.rawValue)")
          apply(fault, measures)
        }
      }
    }
    world.timeline.after(Self.healAt) { heal() }
  }

  private func apply(_ fault: Fault, _ measures: SplitMix64) {
    var random = measures
    let node = world.nodes[random.below(world.nodes.count)]
    switch fault {
    case .coordinatorCrash, .coordinatorStop, .coordinatorSuperseded, .oldCatalog:
      strikeCoordinator(fault, &random)
    case .agentCrash:
      node.crashAgent()
      restart(node, after: random.duration(.milliseconds(50), .seconds(8)))
    case .agentAndGuardianCrash:
      node.crashGuardian()
      node.crashAgent()
      restart(node, after: random.duration(.milliseconds(50), .seconds(8)))
    case .nodeReboot:
      node.reboot()
      restart(node, after: random.duration(.seconds(1), .seconds(10)))
    case .agentStop:
      node.agent?.stop()
      restart(node, after: random.duration(.seconds(2), .seconds(8)))
    case .agentStall: node.agent?.stall(for: random.duration(.milliseconds(10), .seconds(6)))
    case .nodeSuspended: suspend(node, for: random.duration(.milliseconds(500), .seconds(8)))
    case .guardianCrash: node.crashGuardian()
    case .clonedAgent:
      let clone = world.clone(node)
      world.timeline.after(random.duration(.seconds(1), .seconds(8))) { clone.crashAgent() }
    case .podMoved: move(&random)
    case .revoked: revoke(node)
    case .certificateExpired:
      node.isExpired = true
      world.timeline.after(random.duration(.milliseconds(100), .seconds(5))) {
        node.isExpired = false
      }
    case .clockJump:
      let jump = random.duration(.zero, .seconds(100_000))
      node.machine.jump += random.chance(500) ? jump : .zero - jump
    case .connectionLost: node.agent?.connection?.close("its link broke")
    default: partition(fault, node, &random)
    }
  }

  private func strikeCoordinator(_ fault: Fault, _ random: inout SplitMix64) {
    guard let old = world.coordinator, old.process.isAlive else { return }
    switch fault {
    case .coordinatorStop: old.stop()
    case .coordinatorSuperseded:
      world.startCoordinator()
      // Some agents come to the new one, the others stay for as long as their streams last.
      for node in world.nodes where random.chance(500) {
        world.timeline.after(.milliseconds(30)) {
          node.agent?.connection?.close("it was redirected")
        }
      }
    case .oldCatalog:
      let copy = random.chance(500) ? FleetStore() : world.store
      world.timeline.after(random.duration(.milliseconds(100), .seconds(10))) {
        guard !world.oracle.isHealed else { return }
        for life in world.coordinators { life.end() }
        world.restoreCatalog(copy)
      }
    default:
      let again = random.duration(.milliseconds(100), .seconds(5))
      old.end()
      world.timeline.after(again) {
        if world.coordinator?.process.isAlive != true { world.startCoordinator() }
      }
    }
  }

  private func restart(_ node: NodeHost, after pause: Duration) {
    world.timeline.after(pause) { node.start() }
  }

  private func suspend(_ node: NodeHost, for time: Duration) {
    guard let agent = node.agent, agent.process.isRunning else { return }
    node.guardian.stall(until: world.timeline.now + time)
    for record in node.run.records {
      guard let service = world.service(record.member) else { continue }
      world.ghost.update(record.hold, service: service) { $0.wasAlone = true }
    }
    agent.stall(for: time)
  }

  private func move(_ random: inout SplitMix64) {
    let service = random.below(world.shape.members)
    let target = random.below(world.nodes.count)
    let from = world.application.services[service].node
    guard from != target else { return }
    world.opened(service, by: "move of its pod")
    world.application.move(service, to: target)
    world.timeline.after(random.duration(.milliseconds(50), .seconds(5))) {
      world.application.tell()
    }
  }

  private func revoke(_ node: NodeHost) {
    guard let life = world.reachableCoordinator, let agents = life.core?.agents else { return }
    life.process.spawn {
      // One that fails is an operator's to repeat.
      try? await agents.revoke(node.id, author: "test")
    }
  }

  private func partition(_ fault: Fault, _ node: NodeHost, _ random: inout SplitMix64) {
    let directions: [FaultyNetwork.Direction] =
      switch fault {
      case .partitionToNode: [.toNode]
      case .partitionToCoordinator: [.toCoordinator]
      default: [.toNode, .toCoordinator]
      }
    guard fault == .flapping else {
      return cut(
        node, directions, from: .zero, for: random.duration(.milliseconds(20), .seconds(12)))
    }
    var start = Duration.zero
    for _ in 0..<(2 + random.below(5)) {
      let length = random.duration(.milliseconds(20), .seconds(2))
      cut(node, directions, from: start, for: length)
      start += length + random.duration(.milliseconds(20), .seconds(1))
    }
  }

  private func cut(
    _ node: NodeHost, _ directions: [FaultyNetwork.Direction], from start: Duration,
    for time: Duration
  ) {
    world.timeline.after(start) {
      guard !world.oracle.isHealed else { return }
      for direction in directions { world.network.cut(node: node.index, direction) }
      world.timeline.after(time) {
        for direction in directions { world.network.mend(node: node.index, direction) }
      }
      // Either end notices that nothing comes any more.
      world.timeline.after(.seconds(5)) {
        if world.network.isCut(node: node.index) {
          node.agent?.connection?.close("the other end is silent")
        }
      }
    }
  }

  private func heal() {
    world.trace("heal")
    world.oracle.isHealed = true
    world.network.heal()
    world.application.tell()
    for clone in world.clones { clone.crashAgent() }
    for node in world.nodes {
      node.isExpired = false
      world.store.enrol(node.id)
      world.letIn(node.id)
      node.start()
      // The service manager sees to it that a guardian runs.
      node.startGuardian()
    }
    for life in world.coordinators.dropLast() { life.end() }
    // A coordinator that was superseded by one that has gone since starts anew.
    if world.coordinator?.process.isAlive != true { world.startCoordinator() }
  }
}
