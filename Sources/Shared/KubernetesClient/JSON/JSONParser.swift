/// Why a text is no JSON, or none that is read.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  package var description: String
  /// Counts bytes from 0.
  package var offset: Int
}

extension JSONValue {
  /// Arrays and objects within each other. Values are read by recursion, which has to end before the stack does.
  package static let deepest = 200

  /// Reads one JSON text (RFC 8259). Bytes that are no UTF-8 and halves of surrogate pairs become U+FFFD.
  package init(json bytes: [UInt8]) throws(JSONError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.text()
  }

  package init(json text: String) throws(JSONError) { try self.init(json: Array(text.utf8)) }
}

/// Reads by recursive descent.
private struct JSONParser {
  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func text() throws(JSONError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw error("something follows the value") }
    return value
  }

  private func error(_ text: String) -> JSONError { JSONError(description: text, offset: position) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      position += 1
    }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard depth <= JSONValue.deepest else {
      throw error("more than \(JSONValue.deepest) arrays and objects lie within each other")
    }
    skipSpace()
    guard let byte = next else { throw error("the text ends where a value is expected") }
    switch byte {
    case UInt8(ascii: "{"): return .object(try object(depth))
    case UInt8(ascii: "["): return .array(try array(depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw error("no value begins here")
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let end = position + word.utf8.count
    guard end <= bytes.count, bytes[position..<end].elementsEqual(word.utf8) else {
      throw error("no value begins here")
    }
    position = end
    return value
  }

  private mutating func object(_ depth: Int) throws(JSONError) -> JSONObject {
    position += 1
    var fields = JSONObject()
    skipSpace()
    if skip("}") { return fields }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw error("a field's name is expected") }
      let key = try string()
      skipSpace()
      guard skip(":") else { throw error("':' is expected after a field's name") }
      fields[key] = try value(depth: depth + 1)
      skipSpace()
      if skip("}") { return fields }
      guard skip(",") else { throw error("',' or '}' is expected after a field") }
    }
  }

  private mutating func array(_ depth: Int) throws(JSONError) -> [JSONValue] {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if skip("]") { return elements }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if skip("]") { return elements }
      guard skip(",") else { throw error("',' or ']' is expected after an element") }
    }
  }

  private mutating func digits() -> Bool {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position > start
  }

  private mutating func number() throws(JSONError) -> JSONNumber {
    let start = position
    _ = skip("-")
    if !skip("0") {
      guard digits() else { throw error("a digit is expected") }
    }
    if skip(".") {
      guard digits() else { throw error("a digit is expected after the point") }
    }
    if skip("e") || skip("E") {
      _ = skip("+") || skip("-")
      guard digits() else { throw error("a digit is expected in the exponent") }
    }
    return JSONNumber(checked: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    var text = ""
    var start = position
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        text += String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        return text
      case UInt8(ascii: "\\"):
        text += String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        text.unicodeScalars.append(try escaped())
        start = position
      case ..<0x20: throw error("a control character stands in a string")
      default: position += 1
      }
    }
    throw error("the text ends within a string")
  }

  private mutating func escaped() throws(JSONError) -> Unicode.Scalar {
    guard let byte = next else { throw error("the text ends within a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicode()
    default: throw error("no escape is written like this")
    }
  }

  private mutating func unicode() throws(JSONError) -> Unicode.Scalar {
    let first = try fourDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    let afterFirst = position
    if UTF16.isLeadSurrogate(first), skip("\\"), skip("u") {
      let second = try fourDigits()
      if UTF16.isTrailSurrogate(second) {
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
      }
      position = afterFirst
    } else {
      position = afterFirst
    }
    return "\u{fffd}"
  }

  private mutating func fourDigits() throws(JSONError) -> UInt16 {
    let end = position + 4
    guard end <= bytes.count,
      bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
    else { throw error("four hexadecimal digits are expected") }
    position = end
    return value
  }
}
