import DemoFleet
import Foundation
import Model
import OperatorWire
import Testing

@Suite(.serialized, .enabled(if: isRoot, needsRoot))
struct LostCatalogTests {
  @Test(.timeLimit(.minutes(15)))
  func `a lost catalog is rebuilt from exports, and what they name is restored`() async throws {
    try await withRunningShop { fleet, shop in
      let shell = fleet.coordinator.shell
      let backup = try await shell.createBackup(of: "shop")
      #expect(backup.meetsPlan == true)
      let export = "\(fleet.coordinator.exports)/\(backup.id).json"
      try await waitUntil(
        "the export of \(backup.id)", within: .seconds(60), every: .milliseconds(100)
      ) { FileManager.default.fileExists(atPath: export) }
      try await shop.stopCheckout()

      try await fleet.coordinator.daemon.kill()
      for file in try FileManager.default.contentsOfDirectory(atPath: fleet.coordinator.state)
      where file.hasPrefix("catalog") {
        try FileManager.default.removeItem(atPath: "\(fleet.coordinator.state)/\(file)")
      }
      try await fleet.coordinator.start()
      try await fleet.onEveryNode { try await $0.agent.kill() }
      try await fleet.enrolAgents()
      #expect(try await shell.ask(["backup", "list"], as: Items<BackupBody>.self).items == [])

      try await shell.run(["backup", "import", export])
      // What is there already stays as it is.
      try await shell.run(["backup", "import", export])
      var rebuilt = try await shell.backup(backup.id)
      rebuilt.attempts = backup.attempts
      #expect(rebuilt == backup)
      let verified = try await shell.outcome(["backup", "verify", backup.id.text])
      #expect(verified.status == 0, "\(verified.summary)")
      let count = backup.members.map(\.snapshots.count).reduce(0, +)
      #expect(
        verified.summary.contains("\(count) of \(count) there"), "\(verified.summary)")

      for store in Shop.Store.allCases { try shop.destroyData(of: store) }
      try await shop.closeStores(grace: .seconds(1))
      try await shell.restore(backup.id)
      _ = try await shop.checkAppendOnlyFile()
      try await shop.openStores()
      #expect(try await fleet.shop.audit().broken == 0)
      try await shell.run(["backup", "delete", backup.id.text])
      #expect(!FileManager.default.fileExists(atPath: export))
    }
  }
}
