internal import CYaml

/// What YAML may be made of before it is read into memory.
///
/// Nodes are composed by recursion, and what the parser itself allows is its own affair and may change; an alias lets a few
/// lines stand for more nodes than there is memory. So the bounds are ours, and are checked before anything is made.
package enum YAMLBounds {
  /// Mappings and lists within each other. A plan needs eight.
  package static let deepest = 64
  /// Each directive for tags is compared with all before it.
  package static let mostDirectives = 16

  /// Why a text is not read.
  package struct Exceeded: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    /// Counts from 1.
    package var line: Int
  }

  /// Throws when the text goes beyond the bounds. Says nothing about a text that is no YAML: whoever reads it will.
  package static func check(_ text: String) throws(Exceeded) {
    try checkDirectives(text)
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else {
      throw Exceeded(description: "there is no memory for reading it", line: 1)
    }
    defer { yaml_parser_delete(&parser) }
    var text = text
    let exceeded = text.withUTF8 { bytes -> Exceeded? in
      guard let base = bytes.baseAddress else { return nil }
      yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(&parser, base, bytes.count)
      return firstExceeding(&parser)
    }
    if let exceeded { throw exceeded }
  }

  private static func firstExceeding(_ parser: inout yaml_parser_t) -> Exceeded? {
    var depth = 0
    while true {
      var event = yaml_event_t()
      guard yaml_parser_parse(&parser, &event) == 1 else { return nil }
      defer { yaml_event_delete(&event) }
      let line = Int(clamping: event.start_mark.line) + 1
      switch event.type {
      case YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT:
        depth += 1
        if depth > deepest {
          return Exceeded(
            description: "more than \(deepest) mappings and lists lie within each other", line: line
          )
        }
      case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
        depth -= 1
      case YAML_ALIAS_EVENT:
        return Exceeded(
          description: "an alias is not allowed: write the value out where it is needed", line: line
        )
      case YAML_STREAM_END_EVENT, YAML_NO_EVENT:
        return nil
      default:
        break
      }
    }
  }

  private static func checkDirectives(_ text: String) throws(Exceeded) {
    var found = 0
    var line = 1
    var atStart = true
    for byte in text.utf8 {
      if atStart, byte == UInt8(ascii: "%") {
        found += 1
        if found > mostDirectives {
          throw Exceeded(
            description: "more than \(mostDirectives) lines are directives", line: line)
        }
      }
      // All line breaks that YAML knows in ASCII.
      atStart = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
      if byte == UInt8(ascii: "\n") { line += 1 }
    }
  }
}
