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
      if case .prepare = order { checkTurn(order) }
    case .abort(let fence, _, _, _): world.gaveUp(fence)
    default: break
    }
    world.census.count("order:\(Naming.kind(order))")
    connection.send(order)
  }

  /// S22: nobody is asked to take part in a cut while another that could be its own end has no outcome.
  private func checkTurn(_ order: CutOrder) {
    // What a coordinator that was superseded still says is not obeyed.
    guard coordinator === world.coordinator,
      let asked = world.store.attempts.first(where: { $0.fence == order.fence })
    else { return }
    let other = world.store.attempts.first {
      $0.member == order.member && $0.backup != asked.backup
        && world.store.backup($0.backup).map { $0.outcome == nil } == true
    }
    if let other {
      world.violate(
        "S22",
        "\(order.member) was asked for \(asked.backup) during \(other.fence) of \(other.backup)")
    }
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
