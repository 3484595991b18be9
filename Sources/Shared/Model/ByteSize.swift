/// A number of bytes as people write it: `8Gi`, `500Mi`, `2G`, `1073741824`.
package struct ByteSize: Hashable, Sendable, CustomStringConvertible {
  package var bytes: Int64

  package init(bytes: Int64) { self.bytes = bytes }

  private static let units: [(suffix: String, factor: Int64)] = [
    ("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("Ti", 1 << 40),
    ("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000),
  ]

  /// Nil for anything but a whole positive number with an optional unit.
  package init?(_ text: String) {
    let unit = Self.units.first { text.hasSuffix($0.suffix) }
    let digits = text.dropLast(unit?.suffix.count ?? 0)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
      let number = Int64(digits), number > 0
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit?.factor ?? 1)
    guard !overflow else { return nil }
    self.bytes = bytes
  }

  package var description: String {
    for unit in Self.units[..<4].reversed() where bytes >= unit.factor {
      let rest = bytes % unit.factor
      // The rest is below the largest unit, so ten times it is no overflow; the whole may be.
      return rest == 0
        ? "\(bytes / unit.factor) \(unit.suffix)B"
        : "\(bytes / unit.factor).\(rest * 10 / unit.factor) \(unit.suffix)B"
    }
    return "\(bytes) B"
  }
}
