internal import DemoFleet

/// The services of the plan, and where they run.
enum Member: String, CaseIterable, Sendable {
  case orders, payments, cart, files, gate

  /// Those with a volume, causes before effects.
  static let stores: [Member] = [.orders, .payments, .cart, .files]

  var store: Shop.Store? { Shop.Store(rawValue: rawValue) }
}
