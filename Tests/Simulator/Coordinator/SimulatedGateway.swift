import AgentCore
import CoordinatorCore
import CutProtocol
import Model

/// The way from one coordinator to its agents; refuses whom the registry does not let speak, at each message.
struct SimulatedGateway: AgentGateway {
  let coordinator: CoordinatorLife

  private var world: World { coordinator.world }

  func send(_ order: CutOrder, to node: NodeID) async throws(GatewayError) {
    let connection = try connection(of: node)
    switch order {
    case .prepare, .freeze:
      if !world.store.isBegun(order.fence, order.member), !world.wasForgotten(order.fence) {
        world.violate("S13", "\(order.member) was asked before \(order.fence) was durable")
      }
    case .abort(let fence, _, _, _): world.gaveUp(fence)
    default: break
    }
    world.census.count("order:\(Naming.kind(order))")
    connection.send(order)
  }

  private func connection(of node: NodeID) throws(GatewayError) -> Connection {
    guard let connection = coordinator.connections[node], connection.isOpen else {
      throw GatewayError(.notConnected, "\(node) is not connected")
    }
    if world.store.revoked.contains(node) || connection.node.isExpired {
      connection.close("its identity is not valid any more")
      throw GatewayError(.notConnected, "\(node) may not speak any more")
    }
    return connection
  }

  func request(_ request: NodeRequest, to node: NodeID, timeout: Duration)
    async throws(GatewayError) -> NodeReply
  {
    let agent = try connection(of: node).agent
    let answer = Answer()
    let sleeper = Sleeper()
    agent.process.spawn {
      answer.reply = await agent.handler.handle(request)
      sleeper.wake()
    }
    world.timeline.after(timeout) { sleeper.wake() }
    await sleeper.sleep()
    guard let reply = answer.reply else {
      throw GatewayError(.timedOut, "\(node) did not answer in time")
    }
    return reply
  }

  func connected() async -> Set<NodeID> { Set(coordinator.connections.keys) }

  func disconnect(_ node: NodeID) async {
    coordinator.connections[node]?.close("it was told to go")
    world.cutOff(node)
  }

  private final class Answer: @unchecked Sendable { var reply: NodeReply? }
}
