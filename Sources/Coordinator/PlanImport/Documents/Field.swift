internal import Yams

/// A place of a document that may be empty: what is asked of an absent one is absent as well.
struct Field {
  var file: String
  /// For example `spec.hooks.resources[0].pre`; empty for the document itself.
  var path: String
  var node: Node?
  /// Where it stands, or where its parent does. Counts from 1.
  var line: Int?

  init(file: String, path: String = "", node: Node?, line: Int? = nil) {
    self.file = file
    self.path = path
    self.node = node
    self.line = node?.mark?.line ?? line
  }

  /// Whether there is a value; `null` is none.
  var exists: Bool { node != nil && !isNull }

  private var isNull: Bool {
    guard case .scalar = node, let node else { return false }
    return Tag.Name(rawValue: node.tag.rawValue) == .null
  }

  subscript(key: String) -> Field {
    let path = path.isEmpty ? key : "\(path).\(key)"
    guard case .mapping(let mapping) = node else {
      return Field(file: file, path: path, node: nil, line: line)
    }
    // Yams builds a new node for each comparison where a key is given as text.
    let found = mapping.first { $0.key.scalar?.string == key }
    return Field(file: file, path: path, node: found?.value, line: line)
  }

  /// The elements of a list; none where there is no list.
  var elements: [Field] {
    guard case .sequence(let sequence) = node else { return [] }
    return sequence.enumerated().map {
      Field(file: file, path: "\(path)[\($0.offset)]", node: $0.element, line: line)
    }
  }

  /// The keys of a mapping with their values, in the order of the text; none where there is no mapping.
  var entries: [(key: String, value: Field)] {
    guard case .mapping(let mapping) = node else { return [] }
    return mapping.compactMap { key, value in
      guard let name = key.scalar?.string else { return nil }
      let path = path.isEmpty ? name : "\(path).\(name)"
      return (name, Field(file: file, path: path, node: value, line: key.mark?.line ?? line))
    }
  }

  var isList: Bool { node?.sequence != nil }

  /// A scalar's text, whatever it stands for.
  var scalarText: String? { exists ? node?.scalar?.string : nil }

  /// What the node is, in the words of an error message. Values of commands may be secret, so texts are not quoted.
  var found: String {
    switch node {
    case nil: return "nothing"
    case .mapping: return "a mapping"
    case .sequence: return "a list"
    case .alias: return "an alias"
    case .scalar:
      switch node.map({ Tag.Name(rawValue: $0.tag.rawValue) }) {
      case .null: return "nothing"
      case .bool: return "a boolean"
      case .int, .float: return "a number"
      case .timestamp: return "a time"
      default: return "a text"
      }
    }
  }
}

extension Field {
  /// The text of a field that must be one if it is there.
  func text(_ log: inout IssueLog) -> String? {
    guard exists else { return nil }
    guard found == "a text" || found == "a time", let text = scalarText else {
      let advice = node?.scalar != nil ? "; put it in quotes to make it a text" : ""
      log.note(self, "expected a text, found \(found)\(advice)")
      return nil
    }
    return text
  }

  /// The texts of a list of them. A single one is no list.
  func texts(_ log: inout IssueLog, most: Int = 256) -> [String]? {
    guard exists else { return nil }
    guard case .sequence(let sequence) = node else {
      log.note(self, "expected a list of texts, found \(found)")
      return nil
    }
    guard sequence.count <= most else {
      log.note(self, "has \(sequence.count) entries; at most \(most) are read")
      return nil
    }
    let texts = elements.compactMap { $0.text(&log) }
    return texts.count == sequence.count ? texts : nil
  }

  func boolean(_ log: inout IssueLog) -> Bool? {
    guard exists else { return nil }
    if found == "a boolean" { return scalarText?.lowercased() == "true" }
    log.note(self, "expected true or false, found \(found)")
    return nil
  }

  /// A mapping from text to text, such as labels.
  func dictionary(_ log: inout IssueLog) -> [String: String] {
    guard exists else { return [:] }
    guard case .mapping = node else {
      log.note(self, "expected a mapping, found \(found)")
      return [:]
    }
    var result: [String: String] = [:]
    for (key, value) in entries { result[key] = value.text(&log) ?? result[key] }
    return result
  }

  /// The elements of a field that must be a list if it is there.
  func list(_ log: inout IssueLog) -> [Field] {
    guard exists else { return [] }
    if case .sequence = node { return elements }
    log.note(self, "expected a list, found \(found)")
    return []
  }
}
