internal import Foundation
internal import Yams

/// How what is listed or shown is printed.
package enum OutputFormat: String, CaseIterable, Sendable {
  case table, wide, json, yaml
}

/// The document forms, for programs: keys sorted, the same as the API answers.
package enum DocumentText {
  package static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }

  package static func yaml(_ value: some Encodable) throws -> String {
    let encoder = YAMLEncoder()
    encoder.options = YAMLEncoder.Options(indent: 2, width: -1, allowUnicode: true, sortKeys: true)
    return try encoder.encode(value)
  }
}

extension OutputFormat {
  /// `value` as a document, or what `text` draws of it.
  package func render<Value: Encodable>(
    _ value: Value, text: (_ wide: Bool) throws -> String
  ) throws -> String {
    switch self {
    case .table: try text(false)
    case .wide: try text(true)
    case .json: try DocumentText.json(value)
    case .yaml: try DocumentText.yaml(value)
    }
  }
}
