extension Duration {
  /// Reads what Go's `time.ParseDuration` reads: `30s`, `1h30m`, `1.5s`, `-2ms`, `0`; nil for anything else.
  ///
  /// Fractions below a nanosecond are dropped, as there.
  init?(goText text: String) {
    var rest = Substring(text)
    var isNegative = false
    if let sign = rest.first, sign == "-" || sign == "+" {
      isNegative = sign == "-"
      rest = rest.dropFirst()
    }
    if rest == "0" {
      self = .zero
      return
    }
    guard !rest.isEmpty, rest.utf8.count <= 64 else { return nil }
    var total = Duration.zero
    while !rest.isEmpty {
      guard let part = Self.goPart(&rest) else { return nil }
      total += part
    }
    // Go holds nanoseconds in 64 bits and refuses what is longer.
    guard total <= .nanoseconds(Int64.max) else { return nil }
    self = isNegative ? .zero - total : total
  }

  /// One number with its unit.
  private static func goPart(_ rest: inout Substring) -> Duration? {
    let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    rest = rest.dropFirst(number.count)
    let units: [(String, Double)] = [
      ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("μs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60),
      ("h", 3600),
    ]
    guard let value = Double(number.hasPrefix(".") ? "0\(number)" : String(number)),
      let unit = units.first(where: { rest.hasPrefix($0.0) })
    else { return nil }
    rest = rest.dropFirst(unit.0.count)
    let seconds = value * unit.1
    guard seconds <= 9e9 else { return nil }
    return .nanoseconds(Int64((seconds * 1e9).rounded()))
  }
}
