/// Which objects of a type are meant. Each requirement narrows the choice.
package struct ResourceSelector: Hashable, Sendable {
  /// What a label has to be.
  package enum LabelRequirement: Hashable, Sendable {
    case equals(String, String)
    case notEquals(String, String)
    case oneOf(String, [String])
    case noneOf(String, [String])
    case exists(String)
    case doesNotExist(String)

    /// As the query parameter `labelSelector` has it.
    var text: String {
      switch self {
      case .equals(let key, let value): "\(key)=\(value)"
      case .notEquals(let key, let value): "\(key)!=\(value)"
      case .oneOf(let key, let values): "\(key) in (\(values.joined(separator: ",")))"
      case .noneOf(let key, let values): "\(key) notin (\(values.joined(separator: ",")))"
      case .exists(let key): key
      case .doesNotExist(let key): "!\(key)"
      }
    }
  }

  package var labels: [LabelRequirement]
  /// Paths and the values they must have. Every type serves `metadata.name` and `metadata.namespace`; few serve more.
  package var fields: [String: String]

  package init(labels: [LabelRequirement] = [], fields: [String: String] = [:]) {
    self.labels = labels
    self.fields = fields
  }

  package static let all = ResourceSelector()

  package static func labels(_ labels: [String: String]) -> ResourceSelector {
    ResourceSelector(labels: labels.sorted { $0.key < $1.key }.map { .equals($0.key, $0.value) })
  }

  package static func named(_ name: String) -> ResourceSelector {
    ResourceSelector(fields: ["metadata.name": name])
  }

  var query: [(String, String)] {
    var query: [(String, String)] = []
    if !labels.isEmpty {
      query.append(("labelSelector", labels.map(\.text).joined(separator: ",")))
    }
    if !fields.isEmpty {
      let text = fields.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.escaped($0.value))" }
      query.append(("fieldSelector", text.joined(separator: ",")))
    }
    return query
  }

  /// Commas, equals signs and backslashes are written behind a backslash.
  private static func escaped(_ value: String) -> String {
    var text = ""
    for character in value {
      if ",=\\".contains(character) { text.append("\\") }
      text.append(character)
    }
    return text
  }
}
