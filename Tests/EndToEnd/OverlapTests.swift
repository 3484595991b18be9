import CutProtocol
import DemoFleet
import Foundation
import Model
import OperatorWire
import Testing

@Suite(.serialized, .enabled(if: isRoot, needsRoot))
struct OverlapTests {
  private func told(_ shell: OperatorShell, _ id: BackupID) async throws -> [String] {
    try await shell.ask(["backup", "logs", id.text], as: Items<LogLine>.self).items.map(\.text)
  }

  /// Each backup has earned what its plan requires in its first attempt, and `orders` was held by one after the other.
  private func checkOrder(_ shell: OperatorShell, _ ids: [BackupID]) async throws {
    var held: [Timestamp] = []
    for id in ids {
      let backup = try await shell.endOfBackup(id, within: .seconds(90))
      #expect(backup.meetsPlan == true, "\(id): \(backup.verdict as Any)")
      let statements = try await shell.statements(of: id)
      #expect(statements.allSatisfy { $0.fence.attempt == 1 && $0.isIntact })
      held += statements.filter { $0.member.text == "orders" }.map(\.heldAt)
    }
    // One node, one clock, which nobody sets meanwhile.
    #expect(held.count == ids.count)
    #expect(held == held.sorted())
  }

  @Test(.timeLimit(.minutes(4)))
  func `plans that share a service are taken one after the other, across a restart too`()
    async throws
  {
    try await withRunningShop { fleet, _ in
      let shell = fleet.coordinator.shell
      try await applySlowPlan(to: fleet, as: "shop-slower", takes: 6)
      try await fleet.applyPlan("orders-alone")

      // The first takes six seconds to be held; all others share orders with it and with each other.
      let first = try await shell.beginBackup(of: "shop-slower")
      let second = try await shell.beginBackup(of: "orders-alone")
      let unwanted = try await shell.beginBackup(of: "shop")
      let fourth = try await shell.beginBackup(of: "shop")
      try await shell.run(["backup", "cancel", unwanted.text])
      // Prepares what is being cut, and must not end it.
      try await shell.run(["plan", "check", "shop"])
      try await checkOrder(shell, [first, second, fourth])
      let cancelled = try await shell.endOfBackup(unwanted, within: .seconds(30))
      #expect(
        cancelled.verdict?.sentence.contains("while it waited for backup \(second)") == true,
        "\(cancelled.verdict as Any)")
      #expect(
        try await told(shell, second).contains("waits for backup \(first), which uses orders too"))

      let begun = try await shell.beginBackup(of: "shop-slower")
      let waiting = try await shell.beginBackup(of: "orders-alone")
      try await fleet.coordinator.daemon.kill()
      try await fleet.coordinator.start()
      let new = try await shell.beginBackup(of: "shop")
      #expect(try await shell.endOfBackup(begun, within: .seconds(90)).meetsPlan == false)
      try await checkOrder(shell, [waiting, new])
    }
  }
}
