import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Logging
import Model
import Testing

/// Backups that are asked for at once and have members in common.
@Suite struct `Backups that overlap` {
  /// One attempt ends soon after a member did not answer.
  private static var impatient: CutTimes {
    var times = CutTimes.quick
    times.prepare = .milliseconds(400)
    return times
  }

  private static let orders = ServiceName(accepted: "orders")
  private static let payments = ServiceName(accepted: "payments")

  /// The shop, and beside it plans that share services with it.
  private func stock(
    _ coordinator: TestCoordinator, policy: CutPolicy = .strict
  ) async throws {
    try await coordinator.stock(plan: Shop.plan(policy: policy))
    try await coordinator.enrol(Shop.placement("stock"))
    for (name, services) in [
      ("part", ["orders"]), ("rest", ["payments", "stock"]), ("other", ["stock"]),
    ] {
      var plan = try Shop.plan(policy: policy, services: services)
      plan.name = try PlanName(name)
      for index in plan.services.indices { plan.services[index].dependsOn = [] }
      _ = try await coordinator.catalog.save(plan, source: "", by: "test", at: .now())
    }
  }

  private func begin(_ coordinator: TestCoordinator, _ plan: String) async throws -> BackupID {
    try await coordinator.backups.createBackup(of: PlanName(plan), author: "test")
  }

  /// Waits for the backup's end; what it told until then.
  private func end(_ coordinator: TestCoordinator, _ id: BackupID) async throws
    -> (record: BackupRecord, told: [String])
  {
    var told: [String] = []
    for await entry in try await coordinator.backups.progress(of: id) { told.append(entry.text) }
    return (try await coordinator.backups.backup(id), told)
  }

  private func hasTold(_ coordinator: TestCoordinator, _ id: BackupID, _ text: String) async throws
  {
    for await entry in try await coordinator.backups.progress(of: id)
    where entry.text.contains(text) { return }
    Issue.record("\(id) ended without telling: \(text)")
  }

  /// The backups, but for one, in the order in which their members were asked; twice if another came between.
  private func asked(_ fleet: FakeFleet, but apart: BackupID? = nil) throws -> [BackupID] {
    var order: [BackupID] = []
    for case .prepare(_, _, let bytes, _) in fleet.orders {
      let backup = try SealedPlan(bytes: bytes).plan.backup
      if order.last != backup, backup != apart { order.append(backup) }
    }
    return order
  }

  @Test func `both succeed, also when the earlier one has to try again`() async throws {
    try await withCoordinator(times: Self.impatient) { coordinator in
      try await stock(coordinator)
      coordinator.fleet.set(.init(loses: ["prepare"]), for: Self.payments)
      let first = try await begin(coordinator, "shop")
      let second = try await begin(coordinator, "part")
      try await hasTold(coordinator, second, "waits for backup \(first), which uses orders too")
      #expect(
        await coordinator.backups.waiting()
          == [second: "backup \(first), which uses orders too"])
      coordinator.fleet.set(.init(), for: Self.payments)
      let (shop, _) = try await end(coordinator, first)
      let (part, told) = try await end(coordinator, second)
      #expect(shop.verdict?.grade == .applicationConsistent, "\(shop.verdict as Any)")
      #expect(shop.attempts == 2)
      #expect(part.verdict?.grade == .applicationConsistent, "\(part.verdict as Any)")
      #expect(part.attempts == 1)
      #expect(try asked(coordinator.fleet) == [first, second])
      #expect(told.contains { $0.hasPrefix("begins after waiting ") })
      #expect(await coordinator.backups.waiting() == [:])
    }
  }

  @Test func `a third that overlaps with both comes last, and who shares nothing waits for nobody`()
    async throws
  {
    try await withCoordinator(times: Self.impatient) { coordinator in
      try await stock(coordinator)
      coordinator.fleet.set(.init(loses: ["prepare"]), for: Self.payments)
      let first = try await begin(coordinator, "shop")
      let apart = try await begin(coordinator, "other")
      #expect(try await end(coordinator, apart).record.verdict?.grade == .applicationConsistent)
      let second = try await begin(coordinator, "part")
      let third = try await begin(coordinator, "shop")
      let fourth = try await begin(coordinator, "rest")
      try await hasTold(coordinator, third, "waits for backup \(second), which uses orders too")
      try await hasTold(coordinator, fourth, "waits for backup \(third), which uses payments too")
      coordinator.fleet.set(.init(), for: Self.payments)
      for id in [first, second, third, fourth] {
        let (record, _) = try await end(coordinator, id)
        #expect(record.verdict?.grade == .applicationConsistent, "\(record.verdict as Any)")
      }
      #expect(try asked(coordinator.fleet, but: apart) == [first, second, third, fourth])
    }
  }

  @Test func `best-effort leaves nobody out for another's sake`() async throws {
    try await withCoordinator { coordinator in
      try await stock(coordinator, policy: .bestEffort)
      var ids: [BackupID] = []
      for plan in ["shop", "part", "shop", "rest"] {
        ids.append(try await begin(coordinator, plan))
      }
      for id in ids {
        let (record, _) = try await end(coordinator, id)
        #expect(record.verdict?.grade == .applicationConsistent, "\(record.verdict as Any)")
        #expect(record.groups.allSatisfy { $0.leftOut.isEmpty })
      }
    }
  }

  @Test func `one that is cancelled while it waits asks nobody, and delays nobody`() async throws {
    try await withCoordinator(times: Self.impatient) { coordinator in
      try await stock(coordinator)
      coordinator.fleet.set(.init(loses: ["prepare"]), for: Self.payments)
      let first = try await begin(coordinator, "shop")
      let second = try await begin(coordinator, "part")
      let third = try await begin(coordinator, "part")
      try await hasTold(coordinator, third, "waits for backup \(second)")
      try await coordinator.backups.cancelBackup(second, author: "ann")
      let (cancelled, _) = try await end(coordinator, second)
      #expect(cancelled.verdict?.grade == .failed)
      #expect(
        cancelled.verdict?.sentence
          == "cancelled by ann while it waited for backup \(first), which uses orders too")
      #expect(cancelled.attempts == 0)
      coordinator.fleet.set(.init(), for: Self.payments)
      #expect(try await end(coordinator, third).record.verdict?.grade == .applicationConsistent)
      #expect(try asked(coordinator.fleet) == [first, third])
      let error = await #expect(throws: OperationError.self) {
        try await coordinator.backups.cancelBackup(second, author: "ann")
      }
      #expect(error?.code == .conflict)
    }
  }

  @Test func `one that is cancelled while it is taken lets everybody go`() async throws {
    try await withCoordinator { coordinator in
      try await stock(coordinator)
      coordinator.fleet.set(.init(loses: ["freeze"]), for: Self.payments)
      let id = try await begin(coordinator, "shop")
      try await hasTold(coordinator, id, "held")
      try await coordinator.backups.cancelBackup(id, author: "ann")
      let (record, _) = try await end(coordinator, id)
      #expect(record.verdict?.sentence == "cancelled by ann")
      let aborted = coordinator.fleet.orders.filter { FakeFleet.kind($0) == "abort" }
      #expect(Set(aborted.map(\.member)).isSuperset(of: [Self.orders, Self.payments]))
    }
  }

  @Test func `one whose time has passed says for whom it waited`() async throws {
    var times = Self.impatient
    times.turn = .milliseconds(100)
    try await withCoordinator(times: times) { coordinator in
      try await stock(coordinator)
      coordinator.fleet.set(.init(loses: ["prepare"]), for: Self.payments)
      let first = try await begin(coordinator, "shop")
      let (late, _) = try await end(coordinator, try await begin(coordinator, "part"))
      #expect(late.verdict?.grade == .failed)
      #expect(
        late.verdict?.sentence.hasSuffix("for backup \(first), which uses orders too") == true)
      #expect(late.attempts == 0)
      coordinator.fleet.set(.init(), for: Self.payments)
      #expect(try await end(coordinator, first).record.verdict?.grade == .applicationConsistent)
    }
  }

  @Test func `the check of a plan waits for a backup instead of ending its attempt`() async throws {
    try await withCoordinator(times: Self.impatient) { coordinator in
      try await stock(coordinator)
      let plans = PlanService(
        fleet: try FleetID("fleet"), store: coordinator.catalog, placements: coordinator.catalog,
        audit: coordinator.catalog,
        rehearsal: PlanRehearsal(
          gateway: coordinator.fleet, router: coordinator.router, fences: coordinator.fences,
          turns: coordinator.turns, clock: BootClock(), times: Self.impatient),
        probing: PlanProbing(gateway: coordinator.fleet))
      coordinator.fleet.set(.init(loses: ["freeze"]), for: Self.payments)
      let id = try await begin(coordinator, "shop")
      try await hasTold(coordinator, id, "held")
      async let check = plans.checkPlan(PlanName("part"))
      coordinator.fleet.set(.init(), for: Self.payments)
      let (record, _) = try await end(coordinator, id)
      #expect(record.verdict?.grade == .applicationConsistent, "\(record.verdict as Any)")
      #expect(record.attempts == 1)
      #expect(try await check.attainable == .applicationConsistent)
    }
  }
}

/// What a coordinator that starts makes of backups that waited in an earlier one's life.
@Suite struct `Backups that overlap across a restart` {
  private func recovery(_ coordinator: TestCoordinator) -> CutRecovery {
    CutRecovery(
      store: coordinator.catalog, closer: coordinator.closer, turns: coordinator.turns,
      verifier: NameVerifier(), authorities: [], clock: BootClock(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func stored(
    _ coordinator: TestCoordinator, _ id: String, at time: Timestamp
  ) async throws -> SealedPlan {
    let running = try await coordinator.catalog.running(on: nil)
    let plan = try CutPlanner.plan(
      try Shop.plan(), running: running, backup: try BackupID(id), fleet: try FleetID("fleet"),
      at: time)
    let sealed = try SealedPlan(plan)
    try await coordinator.catalog.create(sealed, by: "test")
    return sealed
  }

  private func run(_ coordinator: TestCoordinator) async {
    await recovery(coordinator).run(
      takeUp: { await coordinator.backups.takeUp($0, $1) },
      commit: { outcome in
        // Nobody is asked anything before what had begun has its outcome.
        #expect(!coordinator.fleet.orders.contains { FakeFleet.kind($0) == "prepare" })
        await coordinator.backups.commit(outcome)
      })
  }

  private func ended(_ coordinator: TestCoordinator, _ id: BackupID) async throws -> BackupRecord {
    for await _ in try await coordinator.backups.progress(of: id) {}
    return try await coordinator.backups.backup(id)
  }

  @Test func `the begun one is closed, those that waited are taken in their order, new ones after`()
    async throws
  {
    try await withCoordinator(isFirst: false) { coordinator in
      try await coordinator.stock()
      // The begun one was not the first to be stored.
      let first = try await stored(coordinator, "shop-1", at: .now())
      let begun = try await stored(coordinator, "shop-2", at: .now())
      let waited = [first, try await stored(coordinator, "shop-3", at: .now())]
      try await coordinator.catalog.begin(
        Fence(epoch: coordinator.fences.epoch, cut: 900, attempt: 1), of: begun.plan.backup,
        group: 0, members: begun.plan.members.map(\.name))
      let new = try await coordinator.backups.createBackup(of: PlanName("shop"), author: "test")
      coordinator.fleet.connect(Set(begun.plan.members.map(\.node)))
      await run(coordinator)
      #expect(try await ended(coordinator, begun.plan.backup).verdict?.grade == .failed)
      for id in waited.map(\.plan.backup) + [new] {
        let record = try await ended(coordinator, id)
        #expect(record.verdict?.grade == .applicationConsistent, "\(record.verdict as Any)")
      }
      var order: [BackupID] = []
      for case .prepare(_, _, let bytes, _) in coordinator.fleet.orders {
        let backup = try SealedPlan(bytes: bytes).plan.backup
        if order.last != backup { order.append(backup) }
      }
      #expect(order == waited.map(\.plan.backup) + [new])
    }
  }

  @Test func `one that was asked for long ago is not taken any more`() async throws {
    try await withCoordinator(isFirst: false) { coordinator in
      try await coordinator.stock()
      let old = try await stored(coordinator, "shop-1", at: Timestamp.now() - .seconds(3600))
      await run(coordinator)
      let record = try await ended(coordinator, old.plan.backup)
      #expect(record.verdict?.grade == .failed)
      #expect(record.verdict?.sentence.hasPrefix("not begun: no coordinator ran") == true)
      #expect(coordinator.fleet.orders.isEmpty)
    }
  }
}
