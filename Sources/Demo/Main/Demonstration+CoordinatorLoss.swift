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
    try await waitUntil(
      "the discovery of checkout", within: .seconds(30), every: .milliseconds(200)
    ) {
      let status = try await stillpoint.ask(["status"], as: StatusBody.self)
      return status.services.contains { $0.name.text == "checkout" && !$0.placements.isEmpty }
    }
    try await stillpoint.run(["plan", "apply", "-f", planFile("shop-slow")])
    let known = Set(
      try await stillpoint.ask(["backup", "list"], as: Items<BackupBody>.self).items.map(\.id))

    let begin = MonotonicTime.now
    let created = try await stillpoint.ask(
      ["backup", "create", "shop-slow"], as: CreatedBackup.self)
    guard !known.contains(created.id) else {
      throw DemoError("backup \(created.id) was asked for as a new one, but is an old one")
    }
    try await waitUntil(
      "a hold that the checkout feels", within: .seconds(20), every: .milliseconds(20),
      log: fleet.coordinator.daemon.log
    ) {
      let felt = try shop.felt(from: begin)
      return Shop.Store.allCases.contains { (felt[$0]?.currentStall ?? .zero) > .milliseconds(300) }
    }
    let killed = MonotonicTime.now
    try await fleet.coordinator.daemon.kill()
    screen.note("killed while backup \(created.id) held the shop")

    try await waitUntil(
      "the next order", within: Self.lease + .seconds(30), every: .milliseconds(20),
      log: fleet.nodes[0].agent.log
    ) {
      try shop.felt(from: killed).completed > 0
    }
    // Long enough that whatever is still held shows.
    try await Task.sleep(for: .seconds(1))
    try judge(try shop.felt(from: killed), begin: begin, killed: killed)
    try await askRestarted(about: created.id)
  }

  private func judge(_ felt: CheckoutReport, begin: MonotonicTime, killed: MonotonicTime) throws {
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
    let backup = try await eventually(
      "the end of backup \(id) after the coordinator's restart", within: .seconds(60),
      every: .milliseconds(200), log: fleet.coordinator.daemon.log
    ) { () -> BackupBody? in
      let backup = try await self.backup(id)
      return backup.state == .running ? nil : backup
    }
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
