internal import Glibc

/// Names one fleet of one run on this machine; everything that the run makes carries it.
package struct RunID: Hashable, Sendable, CustomStringConvertible {
  /// Six lower-case hexadecimal digits.
  package let text: String

  package init?(_ text: String) {
    guard text.utf8.count == 6, text.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit })
    else { return nil }
    self.text = text
  }

  package static func random() -> RunID {
    let number = UInt32.random(in: 0..<(1 << 24))
    let digits = String(number, radix: 16)
    return RunID(padded: String(repeating: "0", count: 6 - digits.count) + digits)
  }

  private init(padded: String) { text = padded }

  package var description: String { text }

  /// The cgroup that holds every pod of the fleet, and nothing else.
  package var cgroup: String { "stillpoint-\(text)" }

  /// The environment entry that every program of the fleet is started with.
  package var marker: String { "STILLPOINT_DEMO_FLEET=\(text)" }
}
