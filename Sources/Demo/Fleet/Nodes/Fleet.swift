/// A whole fleet on this machine: three nodes and a coordinator, each in its own network namespace.
package struct Fleet: Sendable {
  package let directory: FleetDirectory
  package let network: FleetNetwork
  package let nodes: [NodeHost]
  package let coordinator: CoordinatorHost
  /// Of the shop: one store on each node.
  package let shop: Shop

  /// The name that every identity of the fleet carries.
  package static let name = "demo"

  /// Makes networks and directories; starts nothing yet.
  ///
  /// Whoever made `directory` sweeps it with ``Sweep`` at the end, whatever happens here.
  package static func create(
    in directory: FleetDirectory, programs: ProgramSet, shopFiles: String
  ) async throws -> Fleet {
    let network = try await FleetNetwork.create(for: directory)
    var nodes: [NodeHost] = []
    var addresses: [Shop.Store: String] = [:]
    let coordinatorNumber = Shop.Store.allCases.count + 1
    for (index, store) in Shop.Store.allCases.enumerated() {
      let name = "node-\(index + 1)"
      let address = network.address(index + 1)
      let namespace = try await network.addHost(name, number: index + 1)
      nodes.append(
        try NodeHost(
          name: name, address: address, namespace: namespace,
          coordinator: network.address(coordinatorNumber), programs: programs, fleet: directory))
      addresses[store] = address
    }
    let coordinator = try CoordinatorHost(
      name: Self.name, address: network.address(coordinatorNumber),
      namespace: try await network.addHost("coordinator", number: coordinatorNumber),
      programs: programs, fleet: directory)
    return Fleet(
      directory: directory, network: network, nodes: nodes, coordinator: coordinator,
      shop: try Shop(files: shopFiles, addresses: addresses))
  }

  /// The node that runs the store.
  package func node(of store: Shop.Store) -> NodeHost {
    // One node for each store, in the same order.
    let index = Shop.Store.allCases.firstIndex(of: store) ?? 0
    return nodes[index]
  }

  /// Starts every node's containerd and loads the images into it.
  package func startContainerEngines() async throws {
    let images = try await ImageSet.build(in: directory.path + "/images")
    try await onEveryNode { node in
      try await node.engine.start()
      try await node.engine.load(images)
    }
  }

  /// Does the same on all nodes at once.
  package func onEveryNode(_ body: @escaping @Sendable (NodeHost) async throws -> Void) async throws
  {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for node in nodes {
        group.addTask { try await body(node) }
      }
      try await group.waitForAll()
    }
  }
}
