internal import KubernetesClient

/// The label and field selectors of a request.
struct Selection: Sendable {
  enum Requirement: Sendable {
    case among(String, Set<String>)
    case notAmong(String, Set<String>)
    case present(String)
    case absent(String)
  }

  var labels: [Requirement] = []
  /// Path, value, and whether it has to be equal.
  var fields: [(path: String, value: String, equal: Bool)] = []

  init() {}

  init(labels: String?, fields: String?, of type: ServedType) throws(Refusal) {
    for text in Self.split(labels ?? "") { self.labels.append(try Self.requirement(text)) }
    for text in (fields ?? "").split(separator: ",") {
      let isNot = text.contains("!=")
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count >= 2, let last = parts.last, let first = parts.first else {
        throw Refusal(400, .badRequest, "invalid selector: '\(text)'; can't understand '\(text)'")
      }
      let path = first.hasSuffix("!") ? String(first.dropLast()) : String(first)
      guard
        ["metadata.name", "metadata.namespace"].contains(path)
          || type.selectableFields.contains(path)
      else { throw Refusal(400, .badRequest, "field label not supported: \(path)") }
      self.fields.append((path, String(last), !isNot))
    }
  }

  /// At commas outside of parentheses.
  private static func split(_ text: String) -> [String] {
    var parts: [String] = []
    var current = ""
    var depth = 0
    for character in text {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == ",", depth == 0 {
        parts.append(current)
        current = ""
      } else {
        current.append(character)
      }
    }
    if !current.isEmpty { parts.append(current) }
    return parts
  }

  private static func requirement(_ text: String) throws(Refusal) -> Requirement {
    let text = text.trimmed
    for (word, isIn) in [(" notin ", false), (" in ", true)] {
      let parts = text.components(of: word)
      guard parts.count == 2 else { continue }
      let values = Set(
        parts[1].trimmed.dropFirst().dropLast().split(separator: ",").map { String($0).trimmed })
      return isIn ? .among(parts[0].trimmed, values) : .notAmong(parts[0].trimmed, values)
    }
    if text.hasPrefix("!") { return .absent(String(text.dropFirst())) }
    let negative = text.components(of: "!=")
    if negative.count == 2 { return .notAmong(negative[0], [negative[1]]) }
    let parts = text.replacing("==", with: "=").split(
      separator: "=", omittingEmptySubsequences: false)
    switch parts.count {
    case 1: return .present(text)
    case 2: return .among(String(parts[0]), [String(parts[1])])
    default:
      throw Refusal(
        400, .badRequest, "unable to parse requirement: found '=', expected: identifier")
    }
  }

  func matches(_ object: KubernetesObject) -> Bool {
    let present = object.labels
    let labelsMatch = labels.allSatisfy { requirement in
      switch requirement {
      case .among(let key, let values): present[key].map { values.contains($0) } ?? false
      case .notAmong(let key, let values): present[key].map { !values.contains($0) } ?? true
      case .present(let key): present[key] != nil
      case .absent(let key): present[key] == nil
      }
    }
    return labelsMatch
      && fields.allSatisfy { field in
        let path = field.path.split(separator: ".").map(String.init)
        return ((object[path: path]?.string ?? "") == field.value) == field.equal
      }
  }
}

extension String {
  var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  fileprivate func components(of separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map(String.init)
  }
}
