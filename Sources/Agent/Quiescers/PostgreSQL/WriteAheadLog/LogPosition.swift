/// A position in PostgreSQL's write-ahead log, as `pg_lsn` counts it: bytes since the log began.
struct LogPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
  var bytes: UInt64

  init(bytes: UInt64) { self.bytes = bytes }

  /// Reads `16/B374D848`: both halves are hexadecimal.
  init?(_ text: String) {
    let halves = text.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count == 2, let high = UInt32(halves[0], radix: 16),
      let low = UInt32(halves[1], radix: 16)
    else { return nil }
    bytes = UInt64(high) << 32 | UInt64(low)
  }

  var description: String {
    String(bytes >> 32, radix: 16, uppercase: true) + "/"
      + String(bytes & 0xFFFF_FFFF, radix: 16, uppercase: true)
  }

  static func < (left: LogPosition, right: LogPosition) -> Bool { left.bytes < right.bytes }
}
