internal import Yams

/// A node of the document and the way that leads to it.
struct Place {
  var node: Node
  /// For example `spec.freeze`; empty for the root.
  var path: String

  init(_ node: Node, path: String) {
    self.node = node
    self.path = path
  }

  var line: Int? { node.mark?.line }

  func child(_ key: String, _ node: Node) -> Place {
    Place(node, path: path.isEmpty ? key : "\(path).\(key)")
  }

  func element(_ index: Int, _ node: Node) -> Place { Place(node, path: "\(path)[\(index)]") }

  /// What the node is, in the words of an error message.
  var found: String {
    switch node {
    case .mapping: return "a mapping"
    case .sequence: return "a list"
    case .alias: return "an alias"
    case .scalar(let scalar):
      let shown = scalar.string.count > 60 ? scalar.string.prefix(60) + "…" : scalar.string[...]
      switch tag {
      case .null: return "nothing"
      case .bool: return "the boolean \(shown)"
      case .int, .float: return "the number \(shown)"
      case .timestamp: return "the time \(shown)"
      case .str: return "'\(shown)'"
      default: return "'\(shown)' with the tag \(tag.rawValue)"
      }
    }
  }

  /// Whether the node is a scalar that YAML reads as text.
  var isText: Bool { node.scalar != nil && tag == .str }

  /// Whether the node is a scalar that could be text if it stood in quotes.
  var wantsQuotes: Bool {
    node.scalar != nil && [.bool, .int, .float, .timestamp].contains(tag)
  }

  /// The node's own tag, or what YAML's rules conclude from its text.
  var tag: Tag.Name { Tag.Name(rawValue: node.tag.rawValue) }
}

/// A mapping whose keys were checked.
struct Fields {
  var place: Place
  var values: [String: Place]

  subscript(key: String) -> Place? { values[key] }
}
