internal import Yams

/// A cluster's object as people read it and `kubectl apply` takes it.
package enum ManifestText {
  /// The YAML of an object's JSON; numbers keep their digits, fields their order.
  package static func yaml(_ json: String) throws -> String {
    // JSON is YAML, but for its looks.
    guard let node = try Yams.compose(yaml: json) else { return "" }
    return try Yams.serialize(node: readable(node), indent: 2, width: -1, allowUnicode: true)
  }

  private static func readable(_ node: Node) -> Node {
    switch node {
    case .mapping(let fields):
      .mapping(
        Node.Mapping(
          fields.map { (readable($0.key), readable($0.value)) }, Tag(.implicit),
          fields.isEmpty ? .flow : .block))
    case .sequence(let elements):
      .sequence(
        Node.Sequence(
          elements.map { readable($0) }, Tag(.implicit), elements.isEmpty ? .flow : .block))
    case .scalar(let scalar) where isPlain(scalar.string):
      .scalar(Node.Scalar(scalar.string, Tag(.implicit), .plain))
    default: node
    }
  }

  /// Whether a text certainly is read back as that text without quotes.
  private static func isPlain(_ text: String) -> Bool {
    // YAML 1.1 reads these as booleans or nothing.
    let words: Set = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
    func isLetter(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
    return text.utf8.first.map(isLetter) ?? false && !words.contains(text.lowercased())
      && text.utf8.allSatisfy {
        isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || "/_.-".utf8.contains($0)
      }
  }
}
