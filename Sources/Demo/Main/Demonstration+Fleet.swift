internal import DemoFleet

// From nothing to a shop that runs.
extension Demonstration {
  func buildNodes() async throws {
    screen.step("Three nodes: network, containerd, images from this machine's packages, CSI driver")
    try await fleet.startContainerEngines()
    try await fleet.onEveryNode { try await $0.startDriver() }
    for node in fleet.nodes { screen.note("\(node.name) at \(node.address)") }
  }

  func startCoordinator() async throws {
    screen.step("The coordinator, in a namespace of its own")
    try await fleet.coordinator.start()
    screen.note("answers operators at \(fleet.coordinator.address):\(CoordinatorHost.apiPort)")
  }

  func enrolAgents() async throws {
    screen.step("Agents, each enrolled with a single-use token")
    try await fleet.enrolAgents()
    for node in fleet.nodes { screen.note("\(node.name) is connected") }
  }

  func openShop() async throws {
    screen.step("The shop: PostgreSQL, MariaDB, Redis, and the checkout that writes to all three")
    try await shop.createVolumes(size: "1Gi")
    try await shop.openStores()
    try await shop.startCheckout()
    let begin = MonotonicTime.now
    try await Task.sleep(for: .seconds(2))
    let felt = try shop.felt(from: begin)
    screen.note("the checkout places \(felt.completed / 2) orders a second")
  }

  func showFleet() async throws {
    screen.step("What runs where, as the agents found it")
    try await fleet.waitUntilShopIsKnown()
    try await show(["status"])
    try await show(["service", "list"])
    try await show(["service", "where", "orders"])
  }

  func applyPlans() async throws {
    screen.step("The plan, rehearsed")
    for plan in ["shop"] + Shop.Store.allCases.map({ "\($0.rawValue)-alone" }) {
      try await fleet.applyPlan(plan)
    }
    try await show(["plan", "check", "shop"])
  }
}
