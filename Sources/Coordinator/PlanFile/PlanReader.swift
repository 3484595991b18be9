internal import Model
internal import Yams

/// Turns a YAML document into a plan and collects everything that is wrong with it.
///
/// Every reading function returns nil exactly when it has noted an issue, so a plan without issues is complete.
struct PlanReader {
  private(set) var issues: [PlanFileError.Issue] = []
  private(set) var unreported = 0

  mutating func note(_ place: Place, _ message: String) {
    note(line: place.line, path: place.path, message)
  }

  mutating func note(line: Int?, path: String, _ message: String) {
    guard issues.count < PlanFileError.mostIssues else {
      unreported += 1
      return
    }
    issues.append(PlanFileError.Issue(line: line, path: path, message: message))
  }

  // MARK: Shapes

  /// A mapping; `known` nil allows every key.
  mutating func fields(_ place: Place, known: [String]?, absent: [String: String] = [:])
    -> Fields?
  {
    guard case .mapping(let mapping) = place.node else {
      note(
        place,
        "expected a mapping\(known.map { " with \(listed($0))" } ?? ""), found \(place.found)")
      return nil
    }
    var fields = Fields(place: place, values: [:])
    for (keyNode, value) in mapping {
      let keyPlace = Place(keyNode, path: place.path)
      guard let key = keyNode.scalar?.string else {
        note(keyPlace, "expected a text as key, found \(keyPlace.found)")
        continue
      }
      let field = place.child(key, value)
      if let known, !known.contains(key) {
        note(line: keyPlace.line, path: field.path, unknown(key, known, absent))
        continue
      }
      guard fields.values.updateValue(field, forKey: key) == nil else {
        note(line: keyPlace.line, path: field.path, "key '\(key)' appears more than once")
        continue
      }
    }
    return fields
  }

  private func unknown(_ key: String, _ known: [String], _ absent: [String: String]) -> String {
    if let reason = absent[key] { return "unknown key '\(key)': \(reason)" }
    let shown = key.count > 60 ? key.prefix(60) + "…" : key[...]
    if let nearest = KnownKeys.nearest(to: key, in: known) {
      return "unknown key '\(shown)'; did you mean '\(nearest)'?"
    }
    return "unknown key '\(shown)'; known here: \(known.joined(separator: ", "))"
  }

  private func listed(_ keys: [String]) -> String {
    keys.map { "'\($0)'" }.joined(separator: ", ")
  }

  /// The value of a key that must be there.
  mutating func required(_ fields: Fields, _ key: String, _ expected: String) -> Place? {
    if let value = fields[key] { return value }
    note(
      line: fields.place.line,
      path: fields.place.path.isEmpty ? key : "\(fields.place.path).\(key)",
      "missing; expected \(expected)")
    return nil
  }

  mutating func list(_ place: Place, _ expected: String, most: Int) -> [Place]? {
    guard case .sequence(let sequence) = place.node else {
      note(place, "expected \(expected), found \(place.found)")
      return nil
    }
    guard sequence.count <= most else {
      note(place, "has \(sequence.count) entries; at most \(most) are allowed")
      return nil
    }
    return sequence.enumerated().map { place.element($0.offset, $0.element) }
  }

  // MARK: Scalars

  /// A text of 1 to 4096 bytes without control characters.
  mutating func text(_ place: Place, _ expected: String) -> String? {
    guard place.isText, let text = place.node.scalar?.string else {
      let advice = place.wantsQuotes ? "; put it in quotes to make it a text" : ""
      note(place, "expected \(expected), found \(place.found)\(advice)")
      return nil
    }
    guard !text.isEmpty else {
      note(place, "expected \(expected), found an empty text")
      return nil
    }
    guard text.utf8.count <= 4096, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      note(place, "expected \(expected) of at most 4096 bytes without control characters")
      return nil
    }
    return text
  }

  mutating func identifier<Name: Identifier>(_ place: Place, _ type: Name.Type) -> Name? {
    guard let text = text(place, "a \(Name.kind)") else { return nil }
    do {
      return try Name(text)
    } catch {
      note(place, error.description)
      return nil
    }
  }

  mutating func choice<Value: RawRepresentable<String>>(_ place: Place, of values: [Value])
    -> Value?
  {
    let texts = values.map(\.rawValue)
    let expected = "one of \(texts.joined(separator: ", "))"
    guard let text = text(place, expected) else { return nil }
    if let value = values.first(where: { $0.rawValue == text }) { return value }
    let nearest = KnownKeys.nearest(to: text, in: texts).map { "; did you mean '\($0)'?" } ?? ""
    note(place, "expected \(expected), found \(place.found)\(nearest)")
    return nil
  }

  mutating func boolean(_ place: Place) -> Bool? {
    switch place.node.scalar.map({ ($0.string, place.tag) }) {
    case ("true", .bool)?: return true
    case ("false", .bool)?: return false
    default:
      note(place, "expected true or false, found \(place.found)")
      return nil
    }
  }

  mutating func port(_ place: Place) -> UInt16? {
    if place.tag == .int, let text = place.node.scalar?.string, let port = UInt16(text),
      port > 0
    {
      return port
    }
    note(place, "expected a port from 1 to 65535, found \(place.found)")
    return nil
  }

  /// A duration above zero and at most `longest`.
  mutating func duration(_ place: Place, longest: Duration) -> Duration? {
    let expected = "a duration such as 500ms or 2s"
    guard let text = place.node.scalar?.string, let duration = Duration(planText: text) else {
      note(place, "expected \(expected), found \(place.found)")
      return nil
    }
    guard duration > .zero, duration <= longest else {
      note(place, "expected a duration above 0s and at most \(longest.planText), found '\(text)'")
      return nil
    }
    return duration
  }

  /// An absolute path in normal form.
  mutating func path(_ place: Place) -> String? {
    let expected = "an absolute path"
    guard let text = text(place, expected) else { return nil }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard text.hasPrefix("/"), !parts.contains(".."), !parts.contains(".") else {
      note(place, "expected \(expected) without '.' and '..', found '\(text)'")
      return nil
    }
    return "/" + parts.filter { !$0.isEmpty }.joined(separator: "/")
  }
}
