/// A JSON number by its digits, so that what an API server wrote is written back unchanged.
///
/// Equal numbers have the same digits: `1` and `1.0` are two.
package struct JSONNumber: Hashable, Sendable {
  package let text: String

  package init(_ value: Int64) { text = String(value) }

  /// Digits that follow the grammar of RFC 8259, section 6; checked by the parser alone.
  init(checked text: String) { self.text = text }

  /// Nil for a fraction, an exponent or what does not fit.
  package var int: Int64? { Int64(text) }
  package var double: Double? { Double(text) }
}
