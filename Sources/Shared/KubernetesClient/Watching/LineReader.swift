/// Cuts bytes that arrive in any pieces into lines.
struct LineReader: Sendable {
  /// What a line may have.
  let largest: Int
  private var rest: [UInt8] = []

  init(largest: Int) { self.largest = largest }

  struct LineTooLong: Error {}

  /// The lines that `bytes` completes, without those that are empty. Throws when one exceeds the bound.
  mutating func read(_ bytes: some Collection<UInt8>) throws(LineTooLong) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var remaining = bytes[...]
    while let end = remaining.firstIndex(of: UInt8(ascii: "\n")) {
      rest.append(contentsOf: remaining[..<end])
      guard rest.count <= largest else { throw LineTooLong() }
      if !rest.isEmpty { lines.append(rest) }
      rest.removeAll()
      remaining = remaining[remaining.index(after: end)...]
    }
    rest.append(contentsOf: remaining)
    guard rest.count <= largest else { throw LineTooLong() }
    return lines
  }
}
