internal import Model

extension Timestamp {
  /// To the second, in the form that `--at` reads.
  var toSecond: String {
    let text = description
    guard let dot = text.firstIndex(of: ".") else { return text }
    return text[..<dot] + "Z"
  }
}

extension [String] {
  /// Comma-separated, `-` when there are none.
  var listed: String { isEmpty ? "-" : joined(separator: ", ") }
}

extension Double {
  /// Milliseconds as a short text.
  var millisecondsText: String { Duration.milliseconds(self).shortText }
}

extension Duration {
  static func milliseconds(_ value: Double) -> Duration {
    .nanoseconds(Int64((min(max(value, -9e12), 9e12) * 1_000_000).rounded()))
  }
}

/// `1 node`, `3 nodes`.
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
  "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}

/// Bytes in binary units, as storage tools show them.
func byteText(_ bytes: Int64) -> String {
  guard bytes >= 1024 else { return "\(bytes) B" }
  var value = Double(bytes)
  for unit in ["KiB", "MiB", "GiB", "TiB"] {
    value /= 1024
    if value < 1024 || unit == "TiB" {
      let tenths = Int64((value * 10).rounded())
      return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
  }
  return "\(bytes) B"
}
