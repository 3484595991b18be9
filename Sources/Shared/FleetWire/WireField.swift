internal import Foundation
internal import Model

/// One field of a received message on its way to a checked value; knows its path for errors.
struct WireField {
  var path: String

  init(_ path: String) { self.path = path }

  func callAsFunction(_ name: String) -> WireField { WireField("\(path).\(name)") }

  func error(_ problem: String) -> WireError { WireError(path, problem) }

  /// A text of at most `limit` bytes without zero bytes.
  func text(_ text: String, limit: Int = WireLimits.text) throws(WireError) -> String {
    guard text.utf8.count <= limit else {
      throw error("it has \(text.utf8.count) bytes, at most \(limit) are allowed")
    }
    guard !text.utf8.contains(0) else { throw error("it contains a zero byte") }
    return text
  }

  /// A short printable name that is not empty.
  func label(_ text: String) throws(WireError) -> String {
    let text = try self.text(text, limit: WireLimits.label)
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw error("it must be 1 to \(WireLimits.label) printable characters")
    }
    return text
  }

  func name<Name: Identifier>(_ text: String) throws(WireError)
    -> Name
  {
    // Checked first, so that an error never carries a megabyte of what was sent.
    let text = try self.text(text, limit: 512)
    do throws(InvalidIdentifier) {
      return try Name(text)
    } catch {
      throw self.error(error.description)
    }
  }

  func bytes(_ bytes: Data, limit: Int) throws(WireError) -> Data {
    guard bytes.count <= limit else {
      throw error("it has \(bytes.count) bytes, at most \(limit) are allowed")
    }
    guard !bytes.isEmpty else { throw error("it is empty") }
    return bytes
  }

  /// A length of time that is not negative and not absurd.
  func duration(_ nanoseconds: Int64) throws(WireError) -> Duration {
    guard (0...Self.longestDuration).contains(nanoseconds) else {
      throw error("\(nanoseconds) ns is no length of time here")
    }
    return .nanoseconds(nanoseconds)
  }

  /// A hundred years.
  private static let longestDuration: Int64 = 100 * 365 * 86_400 * 1_000_000_000

  func list<Wire, Value>(
    _ list: [Wire], limit: Int = WireLimits.entries,
    _ each: (Wire, WireField) throws(WireError) -> Value
  ) throws(WireError) -> [Value] {
    guard list.count <= limit else {
      throw error("it has \(list.count) entries, at most \(limit) are allowed")
    }
    var values: [Value] = []
    values.reserveCapacity(list.count)
    for (index, wire) in list.enumerated() {
      values.append(try each(wire, WireField("\(path)[\(index)]")))
    }
    return values
  }

  func remarks(_ list: [String]) throws(WireError) -> [String] {
    try self.list(list, limit: WireLimits.remarks) { text, field throws(WireError) in
      try field.text(text)
    }
  }

  /// Requires that an optional message is there.
  func present(_ isPresent: Bool) throws(WireError) {
    guard isPresent else { throw error("it is missing") }
  }
}

extension String {
  /// The text cut to what the wire takes, at a character's end, without zero bytes.
  var forWire: String {
    let clean =
      utf8.contains(0) ? String(unicodeScalars.filter { $0.value != 0 }.map(Character.init)) : self
    guard clean.utf8.count > WireLimits.text else { return clean }
    var cut = ""
    var count = 0
    for character in clean {
      count += character.utf8.count
      if count > WireLimits.text - 3 { break }
      cut.append(character)
    }
    return cut + "…"
  }
}

extension [String] {
  var forWire: [String] { prefix(WireLimits.remarks).map(\.forWire) }
}
