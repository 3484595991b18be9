extension Duration {
  /// Nanoseconds, rounded toward zero; longer than 292 years is clamped.
  package var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return carried ? (seconds < 0 ? .min : .max) : sum
  }

  /// Milliseconds with fraction, for display and histograms.
  package var inMilliseconds: Double { Double(wholeNanoseconds) / 1_000_000 }

  /// Short text for people: `850 µs`, `43.1 ms`, `2.50 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`.
  ///
  /// Rounded to the nearest; the unit is chosen after rounding, so that nobody reads `1000.0 ms` or `60.00 s`.
  package var shortText: String {
    let nanoseconds = wholeNanoseconds
    let text = Self.shortText(nanoseconds.magnitude)
    return nanoseconds < 0 ? "-" + text : text
  }

  private static func shortText(_ nanoseconds: UInt64) -> String {
    func rounded(to unit: UInt64) -> UInt64 {
      nanoseconds / unit + (nanoseconds % unit * 2 >= unit ? 1 : 0)
    }
    let microseconds = rounded(to: 1_000)
    if microseconds < 1_000 { return "\(microseconds) µs" }
    let tenths = rounded(to: 100_000)
    if tenths < 10_000 { return "\(tenths / 10).\(tenths % 10) ms" }
    let hundredths = rounded(to: 10_000_000)
    if hundredths < 6_000 {
      return "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10) s"
    }
    let seconds = rounded(to: 1_000_000_000)
    if seconds < 3_600 { return "\(seconds / 60) min \(seconds % 60) s" }
    let minutes = rounded(to: 60_000_000_000)
    if minutes < 1_440 { return "\(minutes / 60) h \(minutes % 60) min" }
    let hours = rounded(to: 3_600_000_000_000)
    return "\(hours / 24) d \(hours % 24) h"
  }

  /// Reads the form that plans use: a decimal number and a unit, `500ms`, `2s`, `1.5s`, `15m`, `24h`.
  ///
  /// Nil for anything else, for what is no whole number of nanoseconds, and for what is longer than 292 years.
  package init?(planText text: String) {
    let units: [(suffix: String, nanoseconds: Int64)] = [
      ("ms", 1_000_000), ("us", 1_000), ("ns", 1), ("s", 1_000_000_000), ("m", 60_000_000_000),
      ("h", 3_600_000_000_000),
    ]
    guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
    let parts = text.dropLast(unit.suffix.count)
      .split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    func isDigits(_ part: Substring) -> Bool {
      !part.isEmpty && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
    guard parts.allSatisfy(isDigits), let whole = Int64(parts[0]) else { return nil }
    var (nanoseconds, overflow) = whole.multipliedReportingOverflow(by: unit.nanoseconds)
    guard !overflow else { return nil }
    if parts.count > 1 {
      var rest = unit.nanoseconds
      for digit in parts[1].utf8 {
        let value = Int64(digit - UInt8(ascii: "0"))
        guard value == 0 || rest % 10 == 0 else { return nil }
        rest /= 10
        (nanoseconds, overflow) = nanoseconds.addingReportingOverflow(value * rest)
        guard !overflow else { return nil }
      }
    }
    self = .nanoseconds(nanoseconds)
  }

  /// The form that `init(planText:)` reads, in the largest unit that keeps it whole.
  package var planText: String {
    let nanoseconds = wholeNanoseconds
    for (unit, size) in [
      ("h", Int64(3_600_000_000_000)), ("m", 60_000_000_000), ("s", 1_000_000_000),
      ("ms", 1_000_000),
      ("us", 1_000),
    ] where nanoseconds != 0 && nanoseconds % size == 0 {
      return "\(nanoseconds / size)\(unit)"
    }
    return nanoseconds == 0 ? "0s" : "\(nanoseconds)ns"
  }
}
