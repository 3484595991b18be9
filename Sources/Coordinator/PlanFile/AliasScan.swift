/// Finds YAML aliases before the text is composed.
///
/// A few hundred bytes of nested aliases stand for more nodes than a machine has memory, and comparing keys
/// made of them takes as long. A plan needs none, so the first one is refused. The scan is lexical and errs to
/// the safe side: an alias works only when the text contains both `&name` and `*name`, each at a token's start.
enum AliasScan {
  struct Alias: Equatable {
    var name: String
    /// Counts from 1.
    var line: Int
  }

  static func firstAlias(in text: String) -> Alias? {
    let bytes = Array(text.utf8)
    let anchors = Set(tokens(marked: UInt8(ascii: "&"), in: bytes).map(\.name))
    guard !anchors.isEmpty else { return nil }
    return tokens(marked: UInt8(ascii: "*"), in: bytes).first { anchors.contains($0.name) }
  }

  private static func tokens(marked mark: UInt8, in bytes: [UInt8]) -> [Alias] {
    var found: [Alias] = []
    var line = 1
    for index in bytes.indices {
      if bytes[index] == UInt8(ascii: "\n") { line += 1 }
      guard bytes[index] == mark, index == 0 || startsToken(after: bytes[index - 1]) else {
        continue
      }
      let name = bytes[(index + 1)...].prefix(while: isNameByte)
      if !name.isEmpty {
        found.append(Alias(name: String(decoding: name, as: UTF8.self), line: line))
      }
    }
    return found
  }

  /// Whether an anchor or alias may stand behind `byte`; never behind a quotation mark.
  static func startsToken(after byte: UInt8) -> Bool {
    // Bytes above 0x7f include the byte order mark and Unicode line breaks.
    byte <= 0x20 || byte > 0x7f || ",[]{}:-?".utf8.contains(byte)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
