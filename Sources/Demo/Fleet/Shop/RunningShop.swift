internal import FoundationEssentials

/// The shop as it runs: which of its containers are up, and what they keep where.
package actor RunningShop {
  private let fleet: Fleet
  private var servers: [Shop.Store: RunningWorkload] = [:]
  private var checkout: RunningWorkload?

  /// The node that the checkout runs on: the one with the lightest store.
  private nonisolated var checkoutNode: NodeHost { fleet.node(of: .cart) }

  package init(on fleet: Fleet) { self.fleet = fleet }

  /// Makes a volume for each store on its node.
  package func createVolumes(size: String) async throws {
    try await onEveryStore { store, node in
      _ = try await node.createVolume(store.rawValue, size: size)
    }
  }

  /// Starts the server of every store and waits until all answer.
  package func openStores(within limit: Duration = .seconds(60)) async throws {
    for store in Shop.Store.allCases {
      let node = fleet.node(of: store)
      let server = try fleet.shop.server(of: store, on: volume(of: store))
      servers[store] = try await node.engine.run(server)
    }
    try await fleet.shop.waitUntilOpen(within: limit)
  }

  /// The store's server, while it runs.
  package func server(of store: Shop.Store) -> RunningWorkload? { servers[store] }

  /// Puts a new container in the place of the store's server, however that one ended.
  ///
  /// - Returns: the new one.
  package func reopen(
    _ store: Shop.Store, within limit: Duration = .seconds(60)
  ) async throws -> RunningWorkload {
    let node = fleet.node(of: store)
    if let server = servers.removeValue(forKey: store) {
      try await node.engine.stop(server, grace: .seconds(1))
    }
    let server = try await node.engine.run(fleet.shop.server(of: store, on: volume(of: store)))
    servers[store] = server
    try await fleet.shop.waitUntilOpen(within: limit)
    return server
  }

  /// Stops the servers and removes their containers.
  package func closeStores(grace: Duration = .seconds(20)) async throws {
    for (store, server) in servers {
      try await fleet.node(of: store).engine.stop(server, grace: grace)
    }
    servers = [:]
  }

  package func startCheckout() async throws {
    let workload = try fleet.shop.checkout(answeringIn: checkoutNode.checkoutDirectory)
    let begin = MonotonicTime.now
    let running = try await checkoutNode.engine.run(workload)
    checkout = running
    try await waitUntil("the checkout's first order", within: .seconds(30), log: running.log) {
      // It answers only once it has begun.
      ((try? felt(from: begin))?.completed ?? 0) > 0
    }
  }

  package func stopCheckout() async throws {
    guard let checkout else { return }
    try await checkoutNode.engine.stop(checkout, grace: .seconds(5))
    self.checkout = nil
  }

  /// What the checkout felt between two times.
  package nonisolated func felt(
    from begin: MonotonicTime, to end: MonotonicTime = .now
  ) throws -> CheckoutReport {
    try CheckoutReport.ask(in: checkoutNode.checkoutDirectory, from: begin, to: end)
  }

  /// Where the node has the store's volume mounted.
  package nonisolated func volume(of store: Shop.Store) -> String {
    fleet.node(of: store).mountPoint(ofVolume: store.rawValue)
  }

  /// Deletes every file of the store's volume.
  package nonisolated func destroyData(of store: Shop.Store) throws {
    let files = FileManager.default
    let volume = volume(of: store)
    for name in try files.contentsOfDirectory(atPath: volume) {
      try files.removeItem(atPath: "\(volume)/\(name)")
    }
  }

  /// Checks, while Redis does not run, that its append-only file is whole.
  ///
  /// - Returns: its verdict, one line.
  package nonisolated func checkAppendOnlyFile() async throws -> String {
    let file = volume(of: .cart) + "/appendonlydir/appendonly.aof.manifest"
    return Self.lastLine(try await Command("redis-check-aof", [file]).run())
  }

  /// Lets the running database check its own data.
  ///
  /// - Returns: its verdict, one line; nil for a store that cannot while it runs.
  package func selfCheck(of store: Shop.Store) async throws -> String? {
    guard let server = servers[store] else {
      throw DemoError("\(store.rawValue) was to check itself but does not run")
    }
    let engine = fleet.node(of: store).engine
    switch store {
    case .orders:
      let command = [
        "/usr/lib/postgresql/15/bin/pg_amcheck", "--all", "--install-missing", "--heapallindexed",
        "--parent-check",
      ]
      let output = try await engine.execute(command, in: server)
      return output.trimmed.isEmpty ? "no corruption in any table or index" : Self.lastLine(output)
    case .payments:
      let command = [
        "/usr/bin/mariadb-check", "--no-defaults", "--socket=/run/mysqld/mysqld.sock",
        "--all-databases", "--extended",
      ]
      let tables = try await engine.execute(command, in: server).split(separator: "\n")
      guard tables.allSatisfy({ $0.trimmed.hasSuffix("OK") }) else {
        throw DemoError("mariadb-check found: \(tables.joined(separator: "; "))", log: server.log)
      }
      return "\(tables.count) tables OK"
    case .cart:
      return nil
    }
  }

  private static func lastLine(_ text: String) -> String {
    text.split(separator: "\n").last.map { String($0).trimmed } ?? ""
  }

  private func onEveryStore(
    _ body: @escaping @Sendable (Shop.Store, NodeHost) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for store in Shop.Store.allCases {
        let node = fleet.node(of: store)
        group.addTask { try await body(store, node) }
      }
      try await group.waitForAll()
    }
  }
}

extension Substring {
  fileprivate var trimmed: String { String(self).trimmed }
}
