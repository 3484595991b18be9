import CutProtocol
import DemoFleet
import Model
import OperatorWire
import Testing

@Suite(.serialized, .enabled(if: isRoot, needsRoot))
struct CutTests {
  @Test(.timeLimit(.minutes(15)))
  func
    `a cut under full load comes back without a broken reference and with all that was acknowledged`()
    async throws
  {
    try await withRunningShop { fleet, shop in
      let before = try shop.felt(from: .init(nanoseconds: 0)).completed
      let backup = try await fleet.coordinator.shell.createBackup(of: "shop")
      #expect(backup.verdict?.grade == .applicationConsistent, "\(backup.verdict as Any)")
      #expect(backup.meetsPlan == true)

      try await shop.stopCheckout()
      for store in Shop.Store.allCases { try shop.destroyData(of: store) }
      try await shop.closeStores(grace: .seconds(1))
      try await fleet.coordinator.shell.restore(backup.id)
      _ = try await shop.checkAppendOnlyFile()
      try await shop.openStores()

      let audit = try await fleet.shop.audit()
      #expect(audit.broken == 0)
      #expect(audit.events >= before)
      #expect(before > 0)
      for store in Shop.Store.allCases { _ = try await shop.selfCheck(of: store) }
    }
  }

  @Test(.timeLimit(.minutes(15)))
  func `a hook that takes longer than the lease is renewed until all are held and certified`()
    async throws
  {
    try await withRunningShop { fleet, shop in
      try await applySlowPlan(to: fleet, as: "shop-slower", takes: 5)
      let id = try await fleet.coordinator.shell.beginBackup(of: "shop-slower")
      let backup = try await fleet.coordinator.shell.endOfBackup(id, within: .seconds(90))
      #expect(backup.verdict?.grade == .applicationConsistent, "\(backup.verdict as Any)")
      let statements = try await fleet.coordinator.shell.statements(of: id)
      #expect(statements.count == 4)
      let hook = try #require(statements.first { $0.member.text == "checkout" })
      #expect(hook.fence.attempt == 1)
      #expect(hook.steps.held.duration > .seconds(5))
      // Everybody else was held meanwhile, and each hold was still in force when all of them were.
      for statement in statements {
        #expect(statement.isIntact, "\(statement.member): \(statement.thaw.findings)")
        #expect(statement.steps.window > lease + .seconds(1), "\(statement.member)")
      }
    }
  }
}
