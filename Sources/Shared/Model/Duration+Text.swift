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

  /// Short text for people: `850 µs`, `43.1 ms`, `2.50 s`, `3 min 5 s`.
  package var shortText: String {
    func fixed(_ value: Double, _ digits: Int) -> String {
      var scale = 1.0
      for _ in 0..<digits { scale *= 10 }
      let whole = Int64((value * scale).rounded())
      guard digits > 0 else { return "\(whole)" }
      let fraction = String(abs(whole) % Int64(scale))
      let padding = String(repeating: "0", count: digits - fraction.count)
      return "\(whole / Int64(scale)).\(padding)\(fraction)"
    }
    let nanoseconds = Double(wholeNanoseconds)
    switch abs(nanoseconds) {
    case ..<1_000_000: return fixed(nanoseconds / 1_000, 0) + " µs"
    case ..<1_000_000_000: return fixed(nanoseconds / 1_000_000, 1) + " ms"
    case ..<60_000_000_000: return fixed(nanoseconds / 1_000_000_000, 2) + " s"
    default:
      let seconds = Int64(nanoseconds / 1_000_000_000)
      if seconds >= 86_400 { return "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h" }
      if seconds >= 3_600 { return "\(seconds / 3_600) h \(seconds % 3_600 / 60) min" }
      return "\(seconds / 60) min \(seconds % 60) s"
    }
  }

  /// Reads the form that plans use: a number and a unit, `500ms`, `2s`, `1.5s`, `15m`, `24h`.
  package init?(planText text: String) {
    let units: [(suffix: String, nanoseconds: Double)] = [
      ("ms", 1e6), ("us", 1e3), ("ns", 1), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
    ]
    guard let unit = units.first(where: { text.hasSuffix($0.suffix) }),
      let number = Double(text.dropLast(unit.suffix.count)), number >= 0,
      number * unit.nanoseconds < 9e18
    else { return nil }
    self = .nanoseconds(Int64((number * unit.nanoseconds).rounded()))
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
