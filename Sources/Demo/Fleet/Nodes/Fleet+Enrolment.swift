internal import Model
internal import OperatorWire

// From programs that run to a fleet that knows itself.
extension Fleet {
  /// Enrols the agent of every node with a token of its own, starts it, and waits until it is
  /// connected.
  package func enrolAgents() async throws {
    let stillpoint = coordinator.shell
    try await onEveryNode { node in
      let token = try await stillpoint.ask(
        ["agent", "token", "create", "--node", node.name], as: TokenBody.self)
      try await node.enrol(with: token.token)
      try await node.startAgent()
    }
    for node in nodes { try await waitUntilConnected(node) }
  }

  /// Waits until the node's agent has its stream to the coordinator.
  package func waitUntilConnected(_ node: NodeHost) async throws {
    try await waitUntil(
      "the connection of \(node.name)", within: .seconds(60), every: .milliseconds(200),
      log: node.agent.log
    ) {
      guard node.agent.isRunning else {
        throw DemoError("\(node.agent.name) ended", log: node.agent.log)
      }
      let status = try await coordinator.shell.ask(["status"], as: StatusBody.self)
      return status.nodes.contains { $0.name.text == node.name && $0.connection == .connected }
    }
  }

  /// Waits until the coordinator knows that the service runs on the node.
  package func waitUntilDiscovered(_ service: String, on node: NodeHost) async throws {
    try await waitUntil(
      "the discovery of \(service) on \(node.name)", within: .seconds(60),
      every: .milliseconds(200), log: node.agent.log
    ) {
      let status = try await coordinator.shell.ask(["status"], as: StatusBody.self)
      return status.services.contains { known in
        known.name.text == service && known.placements.contains { $0.node.text == node.name }
      }
    }
  }

  /// Waits until the whole shop is known, the checkout if it runs included.
  package func waitUntilShopIsKnown() async throws {
    for store in Shop.Store.allCases {
      try await waitUntilDiscovered(store.rawValue, on: node(of: store))
    }
  }

  /// Applies a plan of the shop.
  package func applyPlan(_ name: String) async throws {
    try await coordinator.shell.run(["plan", "apply", "-f", "\(shop.files)/plans/\(name).yaml"])
  }
}
