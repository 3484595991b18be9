/// What the stores held together, and what of it leads nowhere.
package struct Audit: Codable, Hashable, Sendable {
  package var orders: Int
  package var payments: Int
  package var events: Int
  package var paymentsWithoutOrder: Int
  package var eventsWithoutPayment: Int

  /// References to something that is not there: none in any state that the shop was ever in.
  package var broken: Int { paymentsWithoutOrder + eventsWithoutPayment }

  private enum CodingKeys: String, CodingKey {
    case orders, payments, events
    case paymentsWithoutOrder = "payments_without_order"
    case eventsWithoutPayment = "events_without_payment"
  }
}
