/// Takes an input apart into several values.
///
/// A part is a length (two bytes, little-endian) and as many bytes, or what is left of them; so every input means something, and
/// cutting or joining inputs gives others that do.
struct Parts {
  private var left: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { left = bytes[...] }

  var isEmpty: Bool { left.isEmpty }

  /// Everything that was not taken.
  var rest: [UInt8] { Array(left) }

  /// Zero at the end.
  mutating func byte() -> UInt8 { left.popFirst() ?? 0 }

  mutating func number() -> UInt64 {
    (0..<8).reduce(0) { value, place in value | UInt64(byte()) << UInt64(place * 8) }
  }

  mutating func next() -> [UInt8] {
    let count = Int(byte()) | Int(byte()) << 8
    let part = Array(left.prefix(count))
    left = left.dropFirst(count)
    return part
  }

  mutating func text() -> String { String(decoding: next(), as: UTF8.self) }

  /// The input whose parts are these.
  static func joined(_ parts: [[UInt8]], rest: [UInt8] = []) -> [UInt8] {
    parts.flatMap { part in
      [UInt8(truncatingIfNeeded: part.count), UInt8(truncatingIfNeeded: part.count >> 8)]
        + part.prefix(0xffff)
    } + rest
  }
}
