internal import DemoFleet
internal import Model
internal import OperatorWire

// All data is lost and comes back, once from each kind of backup.
extension Demonstration {
  func destroyData() async throws {
    screen.step("Disaster: every file of all three volumes is deleted")
    try await shop.stopCheckout()
    for store in Shop.Store.allCases {
      try shop.destroyData(of: store)
      screen.note("\(store.rawValue): \(shop.volume(of: store)) is empty")
    }
    try await shop.closeStores(grace: .seconds(1))
  }

  func restoreComparison(_ backups: [BackupID]) async throws {
    screen.step("Restore of the backups that were taken service by service")
    for backup in backups { try await restore(backup) }
    try await shop.openStores()
    let audit = try await fleet.shop.audit()
    screen.note(describe(audit))
    guard audit.broken > 0 else {
      throw DemoError(
        "the comparison has no broken reference: nothing was written while it was taken")
    }
    try await shop.closeStores()
  }

  func restoreCut(_ cut: TakenCut) async throws {
    screen.step("Restore of Stillpoint's cut")
    try await restore(cut.backup.id)
    screen.note("redis-check-aof: \(try await shop.checkAppendOnlyFile())")
    try await shop.openStores()
    let audit = try await fleet.shop.audit()
    screen.note(describe(audit))
    guard audit.broken == 0 else {
      throw DemoError("the restored cut has \(audit.broken) broken references")
    }
    guard audit.events >= cut.completedBefore else {
      throw DemoError(
        "the restored cut has \(audit.events) events, but \(cut.completedBefore) orders were "
          + "completed before it was taken")
    }
    screen.note(
      "nothing acknowledged is missing: \(cut.completedBefore) orders were complete when the "
        + "backup was asked for, \(cut.completedAfter) when it was done")
    for store in Shop.Store.allCases {
      if let verdict = try await shop.selfCheck(of: store) {
        screen.note("\(store.rawValue) checked itself: \(verdict)")
      }
    }
  }

  private func restore(_ backup: BackupID) async throws {
    let restore = try await stillpoint.restore(backup)
    let count = restore.steps.count
    screen.note("restored \(backup): \(count) volume\(count == 1 ? "" : "s") in place")
  }

  private func describe(_ audit: Audit) -> String {
    "\(audit.orders) orders, \(audit.payments) payments, \(audit.events) events; broken references: "
      + "\(audit.broken) (\(audit.paymentsWithoutOrder) payments without order, "
      + "\(audit.eventsWithoutPayment) events without payment)"
  }
}
