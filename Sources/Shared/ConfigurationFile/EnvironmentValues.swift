internal import Yams

/// Fills what a configuration leaves to the environment, such as a node's name that only its pod knows.
enum EnvironmentValues {
  /// Replaces `${NAME}` in every value; `$${` stands for `${` itself. Keys and structure are never touched.
  ///
  /// - Throws: for a name that is not set, or a `${` that does not end.
  static func fill(_ node: Node, from environment: [String: String], of path: String)
    throws(ConfigurationError) -> Node
  {
    switch node {
    case .scalar(var scalar):
      guard scalar.string.contains("${") else { return node }
      let line = scalar.mark.map { ":\($0.line)" } ?? ""
      scalar.string = try text(scalar.string, from: environment, place: "\(path)\(line)")
      return .scalar(scalar)
    case .mapping(var mapping):
      for (key, value) in mapping {
        mapping[key] = try fill(value, from: environment, of: path)
      }
      return .mapping(mapping)
    case .sequence(var sequence):
      for index in sequence.indices {
        sequence[index] = try fill(sequence[index], from: environment, of: path)
      }
      return .sequence(sequence)
    case .alias:
      return node
    }
  }

  private static func text(
    _ value: String, from environment: [String: String], place: String
  ) throws(ConfigurationError) -> String {
    var result = ""
    var rest = Substring(value)
    while let begin = rest.firstRange(of: "${") {
      let before = rest[..<begin.lowerBound]
      if before.hasSuffix("$") {
        result += before.dropLast() + "${"
        rest = rest[begin.upperBound...]
        continue
      }
      guard let end = rest[begin.upperBound...].firstIndex(of: "}") else {
        throw ConfigurationError(
          "\(place): '${' without its '}' in '\(value)'", hint: "write '$${' for '${' itself")
      }
      let name = String(rest[begin.upperBound..<end])
      guard let found = environment[name] else {
        throw ConfigurationError(
          "\(place): environment variable '\(name)' is not set",
          hint: "set it, or write '$${' for '${' itself")
      }
      result += before + found
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }
}
