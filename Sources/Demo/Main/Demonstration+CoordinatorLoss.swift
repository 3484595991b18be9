internal import CutProtocol
internal import DemoFleet
internal import Model
internal import OperatorWire

// The coordinator dies while everything is held.
extension Demonstration {
  /// How long an agent holds without hearing from its coordinator.
  private static let lease = Duration.seconds(3)
  /// What noticing, thawing and the first commit afterwards may take on a busy machine.
  private static let grace = Duration.seconds(2)

  func loseCoordinator() async throws {
    screen.step("The coordinator is killed in the middle of a cut")
    try await shop.startCheckout()
    try await fleet.waitUntilDiscovered("checkout", on: fleet.node(of: .cart))
    try await fleet.applyPlan("shop-slow")

    let id = try await stillpoint.beginBackup(of: "shop-slow")
    try await shop.waitUntilHeld(log: fleet.coordinator.daemon.log)
    let killed = MonotonicTime.now
    try await fleet.coordinator.daemon.kill()
    screen.note("killed while backup \(id) held the shop")

    let felt = try await shop.recovery(
      after: killed, within: Self.lease + .seconds(30), log: fleet.nodes[0].agent.log)
    try judge(felt)
    try await askRestarted(about: id)
  }

  private func judge(_ felt: CheckoutReport) throws {
    for store in Shop.Store.allCases {
      let report = felt[store]
      screen.note(
        "\(store.rawValue): longest stall \((report?.longestStall ?? .zero).shortText), "
          + "\(report?.failed ?? 0) errors")
      guard (report?.currentStall ?? .zero) < Self.lease else {
        throw DemoError("\(store.rawValue) is still held", log: fleet.node(of: store).agent.log)
      }
    }
    screen.note("no order was completed for \(felt.longestPause.shortText) after the kill")
    guard felt.longestPause <= Self.lease + Self.grace else {
      throw DemoError(
        "the shop stood still for \(felt.longestPause.shortText) after the coordinator was killed; "
          + "the lease is \(Self.lease.shortText)")
    }
  }

  private func askRestarted(about id: BackupID) async throws {
    try await fleet.coordinator.start()
    let backup = try await stillpoint.endOfBackup(id, within: .seconds(60))
    guard let verdict = backup.verdict, verdict.grade < .serviceConsistent,
      backup.meetsPlan != true
    else {
      throw DemoError(
        "backup \(id) was interrupted, but the restarted coordinator calls it "
          + (backup.verdict?.grade.rawValue ?? "unjudged"))
    }
    screen.note(
      "restarted; it says of backup \(id): \(verdict.grade.rawValue): \(verdict.sentence)")
  }
}
