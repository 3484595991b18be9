/// One thing's fields, a line each, values in one column.
package struct FieldList: Sendable {
  private var fields: [(name: String, value: String)] = []

  package init() {}

  /// Fields without a value are left out.
  package mutating func add(_ name: String, _ value: String?) {
    if let value { fields.append((name, value.printable)) }
  }

  package var text: String {
    let width = (fields.map(\.name.count).max() ?? 0) + 2
    return fields.map { "\($0.name):".padded(to: width) + " \($0.value)\n" }.joined()
  }
}
