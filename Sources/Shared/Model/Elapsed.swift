/// A length of time, or a moment on one machine's monotonic clock, that documents carry as whole nanoseconds.
///
/// `Duration` itself encodes as a pair of halves that no reader of an exported backup would understand.
package struct Elapsed: Hashable, Comparable, Codable, Sendable {
  package var duration: Duration

  package init(_ duration: Duration) { self.duration = duration }

  package init(from decoder: any Decoder) throws {
    duration = .nanoseconds(try decoder.singleValueContainer().decode(Int64.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(duration.wholeNanoseconds)
  }

  package static func < (left: Elapsed, right: Elapsed) -> Bool { left.duration < right.duration }
}
