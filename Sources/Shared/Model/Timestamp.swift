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
  package init?(_ text: String) {
    let fraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    guard let date = (try? fraction.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text))
    else { return nil }
    let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
    guard abs(milliseconds) < 9.2e12 else { return nil }
    self.nanoseconds = Int64(milliseconds) * 1_000_000
  }

  /// The system's clock now, in whole milliseconds, so that its text says all of it.
  package static func now() -> Timestamp {
    let milliseconds = Int64((Date().timeIntervalSince1970 * 1000).rounded(.down))
    return Timestamp(nanoseconds: milliseconds * 1_000_000)
  }

  /// RFC 3339 in UTC with milliseconds.
  package var description: String {
    // Seconds and milliseconds apart: a formatted fraction is cut, not rounded, and 0.089 has no exact binary form.
    let milliseconds = nanoseconds / 1_000_000 - (nanoseconds % 1_000_000 < 0 ? 1 : 0)
    let fraction = (milliseconds % 1000 + 1000) % 1000
    let date = Date(timeIntervalSince1970: Double((milliseconds - fraction) / 1000))
    let digits = String(fraction)
    return date.formatted(Date.ISO8601FormatStyle()).dropLast()
      + "." + String(repeating: "0", count: 3 - digits.count) + digits + "Z"
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  package static func + (time: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(nanoseconds: time.nanoseconds + duration.wholeNanoseconds)
  }

  package static func - (time: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(nanoseconds: time.nanoseconds - duration.wholeNanoseconds)
  }

  package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }
}
