import Catalog
import CoordinatorCore
import CutProtocol
import Model
import Testing

struct `A cluster's request` {
  @Test func `gets one backup, however often it comes`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let name = try PlanName("shop")
      let request = try RequestID("0c1d")
      async let one = coordinator.backups.createBackup(of: name, author: "a", for: request)
      async let other = coordinator.backups.createBackup(of: name, author: "a", for: request)
      let ids = try await [one, other]
      #expect(ids[0] == ids[1])
      for await _ in try await coordinator.backups.progress(of: ids[0]) {}
      #expect(
        try await coordinator.backups.createBackup(of: name, author: "a", for: request) == ids[0])
      #expect(try await coordinator.catalog.backups(of: name, limit: 10).count == 1)
    }
  }

  @Test func `gets one restore, however often it comes`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let backup = try await coordinator.backUp().plan.plan.backup
      let id = try RestoreID("restore-0c1d")
      let request = RestoreRequest(backup: backup, services: [], into: nil, acceptUnproven: false)
      #expect(try await coordinator.restores.find(id) == nil)
      let first = try await coordinator.restores.createRestore(request, as: id, author: "a")
      let again = try await coordinator.restores.createRestore(request, as: id, author: "b")
      #expect(first.id == id)
      #expect(again.createdBy == "a")
      #expect(try await coordinator.catalog.restores().count == 1)
    }
  }
}

struct `A plan that a cluster's object keeps` {
  private func service(_ coordinator: TestCoordinator) throws -> PlanService {
    let clock = BootClock()
    return PlanService(
      fleet: try FleetID("fleet"), store: coordinator.catalog, placements: coordinator.catalog,
      audit: coordinator.catalog,
      rehearsal: PlanRehearsal(
        gateway: coordinator.fleet, router: CutRouter(), fences: coordinator.fences,
        turns: coordinator.turns, clock: clock,
        times: .quick), probing: PlanProbing(gateway: coordinator.fleet))
  }

  @Test func `is changed by nobody else, and changes nobody else's`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let plans = try service(coordinator)
      let object = PlanOwner.author(namespace: "production", name: "shop")
      let own = try await refusal {
        try await plans.applyPlan(Shop.plan(), source: "", author: object)
      }
      #expect(
        own?.description
          == "plan shop was applied by test with the command line (delete the plan with 'stillpoint plan delete shop' to hand it over; its backups stay)"
      )
      try await plans.deletePlan(PlanName("shop"), author: "ann")
      _ = try await plans.applyPlan(Shop.plan(), source: "", author: object)
      let foreign = try await refusal {
        try await plans.applyPlan(Shop.plan(), source: "", author: "ann")
      }
      #expect(
        foreign?.description
          == "plan shop belongs to BackupPlan shop in namespace production (change or delete it there: kubectl -n production edit backupplan shop)"
      )
      #expect(
        try await refusal { try await plans.deletePlan(PlanName("shop"), author: "ann") }?.code
          == .conflict)
      try await plans.deletePlan(PlanName("shop"), author: object)
      #expect(try await plans.plans().isEmpty)
    }
  }

  @Test func `or the annotations of pods, is left to them`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let plans = try service(coordinator)
      try await plans.deletePlan(PlanName("shop"), author: "ann")
      let pods = PlanOwner.author(annotationsOf: "production")
      _ = try await plans.applyPlan(Shop.plan(), source: "", author: pods)
      let foreign = try await refusal {
        try await plans.applyPlan(Shop.plan(), source: "", author: "ann")
      }
      #expect(
        foreign?.description
          == "plan shop belongs to the annotated pods of namespace production (it follows them as long as the namespace consents; to end that: kubectl annotate namespace production stillpoint.dev/import-hooks-)"
      )
      for other in [
        PlanOwner.author(namespace: "production", name: "shop"),
        PlanOwner.author(annotationsOf: "other"), "ann",
      ] {
        #expect(
          try await refusal { try await plans.deletePlan(PlanName("shop"), author: other) }?.code
            == .conflict)
      }
      try await plans.deletePlan(PlanName("shop"), author: pods)
      #expect(try await plans.plans().isEmpty)
    }
  }

  private func refusal(_ body: () async throws -> Any) async throws -> OperationError? {
    do {
      _ = try await body()
      return nil
    } catch let error as OperationError {
      return error
    }
  }
}
