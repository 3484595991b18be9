internal import FoundationEssentials

/// What the checkout felt between two times.
package struct CheckoutReport: Codable, Hashable, Sendable {
  package struct StoreReport: Codable, Hashable, Sendable {
    /// Operations that the store acknowledged.
    package var acknowledged: Int
    /// Attempts that failed; each was repeated until it was acknowledged.
    package var failed: Int
    private var longest: Int64
    private var waiting: Int64

    /// The longest that one operation took from being asked to being acknowledged.
    package var longestStall: Duration { .nanoseconds(longest) }
    /// The age of the oldest operation that waits for the store now.
    package var currentStall: Duration { .nanoseconds(waiting) }
  }

  private var stores: [String: StoreReport]
  /// Orders that went through all three stores.
  package var completed: Int
  private var longestGap: Int64

  /// The longest time in which no order was completed.
  package var longestPause: Duration { .nanoseconds(longestGap) }

  package subscript(store: Shop.Store) -> StoreReport? { stores[store.rawValue] }

  private enum CodingKeys: String, CodingKey {
    case stores, completed
    case longestGap = "longest_gap"
  }

  /// Asks the checkout that answers in `directory`.
  package static func ask(
    in directory: String, from begin: MonotonicTime, to end: MonotonicTime = .now
  ) throws -> CheckoutReport {
    let question = #"{"from": \#(begin.nanoseconds), "to": \#(end.nanoseconds)}"#
    let answer = try UnixQuestion(to: directory + "/report.sock").ask(question)
    return try JSONDecoder().decode(CheckoutReport.self, from: answer)
  }
}
