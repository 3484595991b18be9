internal import FoundationEssentials

/// A wall-clock time: nanoseconds since 1970-01-01T00:00:00Z.
///
/// Shown to people and stored in the catalog; never decides a lease and never proves a grade.
package struct Timestamp: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let parsed = Timestamp(text) else {
      throw InvalidIdentifier(description: "'\(text)' is no time: expected RFC 3339")
    }
    self = parsed
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// Reads RFC 3339, for example `2026-03-04T05:06:07.089Z` or `2026-03-04T06:06:07+01:00`.
  ///
  /// Nil for anything else, for a date or an hour that does not exist, and for what lies outside the years 1678 to 2261.
  /// Digits beyond the millisecond are dropped: the text that is written carries none.
  package init?(_ text: String) {
    guard let parsed = RFC3339(text) else { return nil }
    let (nanoseconds, overflow) = parsed.milliseconds.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow else { return nil }
    self.nanoseconds = nanoseconds
  }

  /// The system's clock now, in whole milliseconds, so that its text says all of it.
  package static func now() -> Timestamp {
    let milliseconds = Int64((Date().timeIntervalSince1970 * 1000).rounded(.down))
    return Timestamp(nanoseconds: milliseconds * 1_000_000)
  }

  /// RFC 3339 in UTC with milliseconds.
  package var description: String {
    // Seconds and milliseconds apart: a formatted fraction is cut, not rounded, and 0.089 has no exact binary form.
    // The very first millisecond begins before the first nanosecond: its text could not be read back.
    let milliseconds = max(
      nanoseconds / 1_000_000 - (nanoseconds % 1_000_000 < 0 ? 1 : 0), Int64.min / 1_000_000)
    let fraction = (milliseconds % 1000 + 1000) % 1000
    let date = Date(timeIntervalSince1970: Double((milliseconds - fraction) / 1000))
    let digits = String(fraction)
    return date.formatted(Date.ISO8601FormatStyle()).dropLast()
      + "." + String(repeating: "0", count: 3 - digits.count) + digits + "Z"
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Clamped: times come from clocks of other machines, and a wrong one must not end this process.
  package static func + (time: Timestamp, duration: Duration) -> Timestamp {
    let (sum, overflow) = time.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
    return Timestamp(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
  }

  /// Clamped, as `+` is.
  package static func - (time: Timestamp, duration: Duration) -> Timestamp {
    let (rest, overflow) = time.nanoseconds.subtractingReportingOverflow(duration.wholeNanoseconds)
    return Timestamp(nanoseconds: overflow ? (duration < .zero ? .max : .min) : rest)
  }

  package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .nanoseconds(later.nanoseconds) - .nanoseconds(earlier.nanoseconds)
  }
}
