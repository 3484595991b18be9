import AgentCore
import CoordinatorCore
import CutProtocol
import Model

/// One stream between an agent and a coordinator, from the agent's hello to its end.
///
/// A message belongs to its stream and dies with it.
final class Connection: @unchecked Sendable {
  let node: NodeHost
  let agent: AgentLife
  let coordinator: CoordinatorLife
  private let world: World
  /// Orders are taken from the hello on.
  private(set) var isOpen = false
  private var isOver = false
  private var wasTold = false

  init(agent: AgentLife, coordinator: CoordinatorLife) {
    self.agent = agent
    self.node = agent.node
    self.coordinator = coordinator
    self.world = coordinator.world
  }

  func begin() {
    agent.process.spawn { [self] in
      let hello = await agent.handler.hello()
      world.timeline.after(world.random.duration(.milliseconds(1), .milliseconds(8))) { [self] in
        admit(hello)
      }
    }
  }

  private func admit(_ hello: AgentHello) {
    guard !isOver, agent.process.isAlive, coordinator.process.isAlive,
      let directory = coordinator.core?.directory
    else { return close("one end is gone") }
    coordinator.take(self)
    isOpen = true
    world.trace("\(node.id) connects to \(coordinator.process.name)")
    coordinator.inLane(of: node.id) { [self] in
      guard isOpen else { return }
      wasTold = true
      do {
        _ = try await directory.agentConnected(node.id, hello)
        beat()
      } catch {
        world.census.count("connection:not-admitted")
        close("the coordinator cannot admit it: \(error)")
      }
    }
  }

  /// Takes an order for its way to the agent; it arrives once, twice, late or never.
  func send(_ order: CutOrder) {
    world.trace(
      "\(coordinator.process.name) → \(node.id) \(Naming.of(order)) \(order.fence) \(order.member)")
    world.network.send(node: node.index, .toNode) { [self] in
      guard isOpen, agent.process.isAlive else { return }
      world.reached(node, order)
      _ = agent.lanes.take(order)
    }
  }

  func send(_ report: CutReport) {
    world.trace(
      "\(node.id) → \(coordinator.process.name) \(Naming.of(report.news)) \(report.fence) \(report.member)"
    )
    world.network.send(node: node.index, .toCoordinator) { [self] in
      guard isOpen, let directory = coordinator.core?.directory else { return }
      coordinator.inLane(of: node.id) { [node] in
        await directory.agentReported(node.id, report)
      }
    }
  }

  /// Each second the agent says what it holds: at once, whatever its drivers are doing (L5).
  private func beat() {
    guard isOpen else { return }
    agent.process.spawn { [self] in
      let began = world.timeline.now
      let wasRunning = agent.process.isRunning
      let heartbeat = await agent.handler.heartbeat()
      if world.timeline.now - began > .milliseconds(10), wasRunning, !agent.wasStalled(since: began)
      {
        world.violate("L5", "\(node.id) told its holds after \(world.timeline.now - began)")
      }
      world.network.send(node: node.index, .toCoordinator) { [self] in
        guard isOpen, let directory = coordinator.core?.directory else { return }
        coordinator.process.spawn { [node] in await directory.agentBeat(node.id, heartbeat) }
      }
    }
    world.timeline.after(.seconds(1)) { [self] in beat() }
  }

  func close(_ reason: String) {
    guard !isOver else { return }
    isOver = true
    isOpen = false
    coordinator.remove(self)
    world.trace("\(node.id) disconnects from \(coordinator.process.name): \(reason)")
    if wasTold, let directory = coordinator.core?.directory {
      coordinator.inLane(of: node.id) { [node] in await directory.agentDisconnected(node.id) }
    }
    agent.lost(self)
  }
}
