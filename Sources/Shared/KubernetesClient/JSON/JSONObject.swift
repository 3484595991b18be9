/// The fields of a JSON object in the order in which they were written.
///
/// Two objects are equal when they have the same fields, in whatever order.
package struct JSONObject: Sendable {
  package private(set) var keys: [String] = []
  private var values: [String: JSONValue] = [:]

  package init() {}

  /// The last of several fields of the same name counts, as it does for an API server.
  package init(_ fields: some Sequence<(String, JSONValue)>) {
    for (key, value) in fields { self[key] = value }
  }

  package subscript(key: String) -> JSONValue? {
    get { values[key] }
    set {
      guard let newValue else {
        if values.removeValue(forKey: key) != nil { keys.removeAll { $0 == key } }
        return
      }
      if values.updateValue(newValue, forKey: key) == nil { keys.append(key) }
    }
  }

  package var count: Int { keys.count }
  package var isEmpty: Bool { keys.isEmpty }

  /// Fields by name, where the order does not matter.
  package var byName: [String: JSONValue] { values }
}

extension JSONObject: Hashable {
  package static func == (one: JSONObject, other: JSONObject) -> Bool {
    one.values == other.values
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(values) }
}

extension JSONObject: Sequence {
  package func makeIterator() -> AnyIterator<(key: String, value: JSONValue)> {
    var remaining = keys.makeIterator()
    return AnyIterator {
      guard let key = remaining.next(), let value = values[key] else { return nil }
      return (key, value)
    }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
