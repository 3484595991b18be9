/// A JSON value (RFC 8259) that survives reading and writing as it was: numbers keep their digits, objects their order.
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }
  package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// The number when it is whole and fits.
  package var int: Int64? { number?.int }

  package var isNull: Bool { self == .null }

  /// A field of an object; nil for everything else and for a field that is not there. Writing `nil` removes the field;
  /// writing a field of what is no object makes it one.
  package subscript(key: String) -> JSONValue? {
    get { object?[key] }
    set {
      var fields = object ?? JSONObject()
      fields[key] = newValue
      self = .object(fields)
    }
  }

  /// An element of an array; nil outside of it.
  package subscript(index: Int) -> JSONValue? {
    guard let array, array.indices.contains(index) else { return nil }
    return array[index]
  }

  /// The value at a path of field names; an empty path is the value itself. Writing makes the objects on the way; writing
  /// `nil` removes the field, and makes nothing.
  package subscript(path path: [String]) -> JSONValue? {
    get {
      var value: JSONValue? = self
      for key in path { value = value?[key] }
      return value
    }
    set { set(newValue, at: path[...]) }
  }

  private mutating func set(_ value: JSONValue?, at path: ArraySlice<String>) {
    guard let key = path.first else {
      self = value ?? .null
      return
    }
    guard path.count > 1 else {
      if value != nil || object != nil { self[key] = value }
      return
    }
    guard value != nil || self[key] != nil else { return }
    var inner = self[key] ?? .object(JSONObject())
    inner.set(value, at: path.dropFirst())
    self[key] = inner
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(nilLiteral: ()) { self = .null }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(elements))
  }

  package init(_ value: Int64) { self = .number(JSONNumber(value)) }
  package init(_ fields: [String: String]) {
    self = .object(
      JSONObject(fields.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }
}

extension JSONValue: CustomStringConvertible {
  /// Compact JSON.
  package var description: String { String(decoding: bytes, as: UTF8.self) }
}
