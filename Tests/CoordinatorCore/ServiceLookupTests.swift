import Catalog
import CoordinatorCore
import Foundation
import Model
import Testing

struct `A service that is asked for` {
  /// Containers with the label `app: postgres` of pods that belong to `owners` in namespaces.
  private func run(
    _ owners: [(String?, namespace: String)], in coordinator: TestCoordinator
  ) async throws {
    var records: [PlacementRecord] = []
    var workloads: [String: Workload] = [:]
    let node = try NodeID("node-1")
    for (index, owner) in owners.enumerated() {
      var placement = try Shop.placement("postgres")
      placement.node = node
      placement.container = try ContainerID("c\(index)")
      placement.podUID = "u\(index)"
      placement.namespace = owner.namespace
      if let owner = owner.0 { workloads[placement.podUID] = Workload(owner: owner) }
      records.append(
        PlacementRecord(
          sequence: UInt64(index + 1), time: .now(), change: .started(placement)))
    }
    try await coordinator.catalog.enrolled(
      node, publicKeyHash: Data(repeating: 1, count: 32), at: .now())
    _ = try await coordinator.catalog.apply(records, journal: "j", of: node)
    try await coordinator.catalog.record(workloads)
  }

  @Test func `is found by its owner's name, and the two of two namespaces are told apart`()
    async throws
  {
    try await withCoordinator { coordinator in
      try await run(
        [
          ("Deployment/orders", "shop"), ("StatefulSet/orders", "stage"),
          ("Deployment/web", "shop"),
          (nil, "shop"),
        ], in: coordinator)
      let fleet = coordinator.fleetService(try FleetID("fleet"))
      let listed = try await fleet.services()
      #expect(
        listed.map(\.service.description)
          == ["orders.shop", "orders.stage", "postgres.shop", "web.shop"])
      #expect(listed.map(\.kind) == ["Deployment", "StatefulSet", nil, "Deployment"])
      #expect(listed.map { $0.placements.map(\.podUID) } == [["u0"], ["u1"], ["u3"], ["u2"]])
      #expect(try await fleet.status().services == listed)
      let web = try await fleet.service(try ServiceReference("web"))
      #expect(try await fleet.whereabouts(of: web, at: nil).found.map(\.placement.podUID) == ["u2"])
      let stage = try await fleet.service(try ServiceReference("orders.stage"))
      #expect(try await fleet.history(of: stage, limit: 9).map(\.placement.podUID) == ["u1"])
      let several = await #expect(throws: OperationError.self) {
        try await fleet.service(try ServiceReference("orders"))
      }
      #expect(
        several
          == OperationError(
            .invalid, "2 services are called orders",
            hint: "say which, by name and namespace: orders.shop, orders.stage"))
    }
  }

  @Test func `by the name that its containers once had is led to the one that it has`() async throws
  {
    try await withCoordinator { coordinator in
      try await run(
        [("StatefulSet/db-a", "shop"), ("StatefulSet/db-b", "shop")], in: coordinator)
      let fleet = coordinator.fleetService(try FleetID("fleet"))
      let old = await #expect(throws: OperationError.self) {
        try await fleet.service(try ServiceReference("postgres"))
      }
      #expect(
        old
          == OperationError(
            .notFound, "no service is called postgres",
            hint: "containers that were told under this name belong to db-a.shop, db-b.shop"))
      let none = await #expect(throws: OperationError.self) {
        try await fleet.service(try ServiceReference("nobody"))
      }
      #expect(none?.message == "no service nobody was ever seen")
    }
  }

  @Test func `is protected by the plan that selects it, whatever the plan calls it`() async throws {
    try await withCoordinator { coordinator in
      try await run([("StatefulSet/db-a", "shop")], in: coordinator)
      var plan = try Shop.plan(services: ["ledger"])
      plan.services[0].selector = PlacementSelector(labels: [:], owner: "StatefulSet/db-a")
      _ = try await coordinator.catalog.save(plan, source: "", by: "test", at: .now())
      let services = try await coordinator.fleetService(try FleetID("fleet")).services()
      #expect(services.map(\.service.description) == ["db-a.shop"])
      #expect(services.map(\.plans) == [[plan.name]])
    }
  }
}
