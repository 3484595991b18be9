internal import CutProtocol
internal import DemoFleet
internal import Model
internal import OperatorWire

/// One cut that was taken under load: what Stillpoint says of it, and what the checkout felt.
struct TakenCut: Sendable {
  var backup: BackupBody
  /// What each member's agent signed.
  var statements: [HoldStatement]
  /// When the backup was asked for, and when the answer was there.
  var begin: MonotonicTime
  var end: MonotonicTime
  /// Between the two.
  var felt: CheckoutReport
  /// Orders that the checkout had completed when the backup was asked for, and when it was done.
  var completedBefore: Int
  var completedAfter: Int

  /// How long the member was held, by its own agent's clock; zero when there is no certificate.
  func window(of store: Shop.Store) -> Duration {
    statements.first { $0.member.text == store.rawValue }?.steps.window ?? .zero
  }

  /// The longest of the members' windows.
  var longestWindow: Duration { Shop.Store.allCases.map(window).max() ?? .zero }
}
