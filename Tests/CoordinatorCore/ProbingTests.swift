import Catalog
import CoordinatorCore
import CutProtocol
import Model
import Testing

@Suite struct `Probing a plan's drivers` {
  @Test func `asks every node of the plan once for each driver, and is audited before and after`()
    async throws
  {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let plans = PlanService(
        fleet: try FleetID("fleet"), store: coordinator.catalog,
        placements: coordinator.catalog, audit: coordinator.catalog,
        rehearsal: PlanRehearsal(
          gateway: coordinator.fleet, router: CutRouter(), fences: coordinator.fences,
          turns: coordinator.turns,
          clock: BootClock(), times: .quick),
        probing: PlanProbing(gateway: coordinator.fleet))
      let probe = try await plans.probePlan(PlanName("shop"), author: "alice")
      let running = try await coordinator.catalog.running(on: nil)
      #expect(probe.drivers.map(\.node) == Set(running.map(\.node)).sorted())
      // The fake fleet answers as an agent that does not know the request.
      #expect(probe.drivers.allSatisfy { $0.findings.outcome == .notProbed })
      #expect(
        probe.drivers.allSatisfy {
          $0.findings.obstacle == "the agent gave an answer to another request"
        })
      let audit = try await coordinator.catalog.auditEntries(limit: 10)
        .filter { $0.action.hasPrefix("plan.probe") }
      #expect(audit.map(\.action) == ["plan.probed", "plan.probe"])
      #expect(audit.allSatisfy { $0.actor == "alice" && $0.detail.contains("\(probe.probe)") })
    }
  }
}
