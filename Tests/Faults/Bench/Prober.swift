internal import DemoFleet
internal import FoundationEssentials

/// One process that writes to stores of its node every few milliseconds; see `prober.py`.
struct Prober: Sendable {
  let socket: String

  /// What was felt of one store.
  struct Report: Codable, Sendable {
    var acknowledged: Int
    var failed: Int
    private var gaps: [[Int64]]

    /// Between two acknowledged writes, those above 50 ms.
    var stalls: [Stall] {
      gaps.map { Stall(begin: .init(nanoseconds: $0[0]), end: .init(nanoseconds: $0[1])) }
    }
  }

  /// When a store held a count and no higher one.
  struct Existence: Codable, Sendable {
    /// When the count was asked for: not earlier than this.
    var asked: Int64?
    /// When the next one was acknowledged: not later than this. Nil while it was not.
    var next: Int64?
  }

  func reports(from begin: MonotonicTime, to end: MonotonicTime) throws -> [String: Report] {
    try ask(#"{"from": \#(begin.nanoseconds), "to": \#(end.nanoseconds)}"#)
  }

  func existences(of counts: [String: Int]) throws -> [String: Existence] {
    let states = counts.sorted { $0.key < $1.key }.map { #""\#($0.key)": \#($0.value)"# }
    return try ask(#"{"states": {\#(states.joined(separator: ", "))}}"#)
  }

  private func ask<Answer: Decodable>(_ question: String) throws -> Answer {
    try JSONDecoder().decode(Answer.self, from: try UnixQuestion(to: socket).ask(question))
  }
}

/// A time in which a store acknowledged nothing.
struct Stall: Sendable {
  var begin: MonotonicTime
  var end: MonotonicTime

  var length: Duration { end - begin }
}

extension MonotonicTime {
  static func - (later: MonotonicTime, earlier: MonotonicTime) -> Duration {
    .nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }
}
