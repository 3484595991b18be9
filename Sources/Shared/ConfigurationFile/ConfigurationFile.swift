internal import Foundation
internal import YAMLBounds
internal import Yams

/// Reads a program's YAML configuration into a `Decodable` value; whatever is not understood is an error.
package enum ConfigurationFile {
  /// No configuration of ours comes near this size.
  private static let mostBytes = 1 << 20

  /// `keys` are all keys of the top level, for the error about an unknown one.
  package static func read<Value: Decodable>(
    _ path: String, as type: Value.Type, keys: [String]
  ) throws(ConfigurationError) -> Value {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError(
        "configuration \(path) cannot be read", hint: "name another file with --config")
    }
    guard bytes.count <= mostBytes, let text = String(data: bytes, encoding: .utf8) else {
      throw ConfigurationError("configuration \(path) is too large or no text")
    }
    return try parse(
      text, of: path, as: type, keys: keys, environment: ProcessInfo.processInfo.environment)
  }

  /// The same for a text that was read; `path` is for messages. `${NAME}` in a value stands for what `environment` has.
  package static func parse<Value: Decodable>(
    _ text: String, of path: String, as type: Value.Type, keys: [String],
    environment: [String: String] = [:]
  ) throws(ConfigurationError) -> Value {
    do {
      try YAMLBounds.check(text)
      guard let node = try Yams.compose(yaml: text), let mapping = node.mapping else {
        throw ConfigurationError("configuration \(path) has no keys")
      }
      for key in mapping.keys {
        guard let name = key.string, keys.contains(name) else {
          let line = key.mark.map { ":\($0.line)" } ?? ""
          throw ConfigurationError(
            "\(path)\(line): unknown key '\(key.string ?? "?")'",
            hint: "known keys: " + keys.sorted().joined(separator: ", "))
        }
      }
      let filled = try EnvironmentValues.fill(node, from: environment, of: path)
      return try YAMLDecoder().decode(type, from: filled)
    } catch let error as ConfigurationError {
      throw error
    } catch let error as YAMLBounds.Exceeded {
      throw ConfigurationError("\(path):\(error.line): \(error)")
    } catch let error as DecodingError {
      throw ConfigurationError("configuration \(path): \(Self.words(error))")
    } catch {
      throw ConfigurationError("configuration \(path) is no valid YAML: \(error)")
    }
  }

  private static func words(_ error: DecodingError) -> String {
    func name(_ path: [any CodingKey]) -> String {
      path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "key '\(name(context.codingPath + [key]))' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      let cause = context.underlyingError.map { "\($0)" } ?? context.debugDescription
      return "'\(name(context.codingPath))': \(cause)"
    @unknown default:
      return "\(error)"
    }
  }
}

/// Why a configuration cannot be used.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package var hint: String?

  package init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }

  package var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
