/// A name or handle that was checked when it came in, so that an invalid one cannot exist inside.
///
/// Encoded as a plain string; decoding checks again.
package protocol Identifier: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  /// What a message calls this kind of identifier, for example "node name".
  static var kind: String { get }
  /// The rule that a valid text follows, in words that complete "must be …".
  static var rule: String { get }
  /// Whether `text` follows the rule.
  static func accepts(_ text: String) -> Bool

  var text: String { get }
  /// Wraps a text that `accepts` has already approved.
  init(accepted text: String)
}

/// Why a text cannot be an identifier.
package struct InvalidIdentifier: Error, Equatable, CustomStringConvertible {
  package var description: String
}

extension Identifier {
  /// Parses `text`, or says which rule it breaks.
  package init(_ text: String) throws(InvalidIdentifier) {
    guard Self.accepts(text) else {
      // Messages reach terminals and logs, where control characters act.
      let visible = String(
        text.unicodeScalars.prefix(81).map {
          $0.properties.generalCategory == .control ? "\u{fffd}" : Character($0)
        })
      let shown =
        visible.unicodeScalars.count > 80
        ? String(visible.unicodeScalars.prefix(80)) + "…" : visible
      throw InvalidIdentifier(
        description: "'\(shown)' is no valid \(Self.kind): must be \(Self.rule)")
    }
    self.init(accepted: text)
  }

  package var description: String { text }

  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    try self.init(text)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// Lower-case letters, digits, '-' and '.', as DNS allows; 1 to 63 characters, alphanumeric at both ends.
package protocol DNSName: Identifier {}

extension DNSName {
  package static var rule: String {
    "1 to 63 lower-case letters, digits, '-' or '.', with a letter or digit at both ends"
  }

  package static func accepts(_ text: String) -> Bool { accepts(text, longest: 63) }

  static func accepts(_ text: String, longest: Int) -> Bool {
    let bytes = Array(text.utf8)
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard (1...longest).contains(bytes.count), let first = bytes.first, let last = bytes.last else {
      return false
    }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && bytes.allSatisfy {
        isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
      }
  }
}

/// A handle that somebody else made (a runtime, a driver): opaque, printable, at most 256 bytes.
package protocol OpaqueHandle: Identifier {}

extension OpaqueHandle {
  package static var rule: String { "1 to 256 bytes without spaces or control characters" }

  package static func accepts(_ text: String) -> Bool {
    (1...256).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
  }
}
