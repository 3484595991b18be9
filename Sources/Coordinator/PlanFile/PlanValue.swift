internal import Yams

/// A plan that came as a tree of values and not as a text, such as an object of an API server.
package indirect enum PlanValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  /// With its digits as they were written.
  case number(String)
  case text(String)
  case list([PlanValue])
  case mapping([Field])

  package struct Field: Hashable, Sendable {
    package var key: String
    package var value: PlanValue

    package init(_ key: String, _ value: PlanValue) {
      self.key = key
      self.value = value
    }
  }

  /// The node that a text of the same content would become, without a place in that text.
  var node: Node {
    switch self {
    case .null: Node("null", Tag(.null))
    case .boolean(let value): Node(value ? "true" : "false", Tag(.bool))
    case .number(let digits):
      Node(digits, Tag(digits.utf8.contains { ".eE".utf8.contains($0) } ? .float : .int))
    case .text(let text): Node(text, Tag(.str))
    case .list(let values): Node(values.map(\.node))
    case .mapping(let fields):
      Node(fields.map { (Node($0.key, Tag(.str)), $0.value.node) })
    }
  }
}
