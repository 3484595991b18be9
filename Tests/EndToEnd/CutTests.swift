import CutProtocol
import DemoFleet
import Model
import OperatorWire
import Testing

@Suite(.serialized, .enabled(if: isRoot, needsRoot))
struct CutTests {
  @Test(.timeLimit(.minutes(3)))
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
}
