import CutProtocol
import DemoFleet
import Glibc
import Model
import OperatorWire
import Testing

/// Somebody dies while the whole shop is held.
@Suite(.serialized, .enabled(if: isRoot, needsRoot))
struct LossTests {
  @Test(.timeLimit(.minutes(3)))
  func
    `a coordinator that dies in the middle of a cut leaves nothing held, and tells the truth afterwards`()
    async throws
  {
    try await withRunningShop { fleet, shop in
      let id = try await beginHold(fleet, shop)
      let killed = MonotonicTime.now
      try await fleet.coordinator.daemon.kill()
      try await expectRecovery(after: killed, fleet, shop)

      try await fleet.coordinator.start()
      let backup = try await fleet.coordinator.shell.endOfBackup(id, within: .seconds(60))
      #expect(backup.meetsPlan == false)
      #expect(backup.verdict.map { $0.grade < .serviceConsistent } == true)
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func
    `an agent that dies in the middle of a hold leaves nothing held, and its node takes part again`()
    async throws
  {
    try await withRunningShop { fleet, shop in
      let node = fleet.node(of: .orders)
      let id = try await beginHold(fleet, shop)
      let killed = MonotonicTime.now
      try await node.agent.kill()
      try await expectRecovery(after: killed, fleet, shop)
      let failed = try await fleet.coordinator.shell.endOfBackup(id, within: .seconds(60))
      #expect(failed.meetsPlan == false)

      try await node.startAgent()
      try await fleet.waitUntilConnected(node)
      try await fleet.waitUntilShopIsKnown()
      let backup = try await fleet.coordinator.shell.createBackup(of: "shop")
      #expect(backup.verdict?.grade == .applicationConsistent, "\(backup.verdict as Any)")
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `a guardian that dies in the middle of a hold leaves nothing held`() async throws {
    try await withRunningShop { fleet, shop in
      let node = fleet.node(of: .orders)
      let id = try await beginHold(fleet, shop)
      let guardian = try #require(node.guardian)
      let killed = MonotonicTime.now
      #expect(kill(guardian, SIGKILL) == 0)
      try await expectRecovery(after: killed, fleet, shop)
      // Whether it came to its end or was given up: it has ended, and the shop goes on.
      _ = try await fleet.coordinator.shell.endOfBackup(id, within: .seconds(60))
    }
  }

  @Test(.timeLimit(.minutes(3)))
  func `what stays held when agent and guardian die together is thawed by the agent's next start`()
    async throws
  {
    try await withRunningShop { fleet, shop in
      let node = fleet.node(of: .orders)
      _ = try await beginHold(fleet, shop)
      let guardian = try #require(node.guardian)
      let killed = MonotonicTime.now
      // The guardian first: it would thaw as soon as the agent is gone.
      #expect(kill(guardian, SIGKILL) == 0)
      try await node.agent.kill()
      try await node.startAgent()
      try await expectRecovery(after: killed, fleet, shop)
    }
  }

  /// Begins a cut whose slow hook keeps the stores held, and waits until they are.
  private func beginHold(_ fleet: Fleet, _ shop: RunningShop) async throws -> BackupID {
    let id = try await fleet.coordinator.shell.beginBackup(of: "shop-slow")
    try await shop.waitUntilHeld(log: fleet.coordinator.daemon.log)
    return id
  }

  private func expectRecovery(
    after killed: MonotonicTime, _ fleet: Fleet, _ shop: RunningShop
  ) async throws {
    let felt = try await shop.recovery(
      after: killed, within: .seconds(60), log: fleet.node(of: .orders).agent.log)
    print("no order was completed for \(felt.longestPause) after the kill")
    #expect(felt.longestPause <= lease + grace)
    for store in Shop.Store.allCases {
      #expect((felt[store]?.currentStall ?? .zero) < lease, "\(store) is still held")
    }
  }
}
