internal import YAMLBounds
internal import Yams

/// A text to import from, and what to call it in messages.
package struct ImportInput: Hashable, Sendable {
  package var name: String
  package var text: String

  package init(name: String, text: String) {
    self.name = name
    self.text = text
  }
}

/// Reads texts of several YAML documents, or of JSON, into the objects that they hold.
struct ManifestReader {
  /// The longest input, all files together: some three thousand pods as `kubectl` prints them.
  static let longestText = 32 << 20
  static let mostObjects = 20_000

  var log = IssueLog()
  private(set) var manifests: [Manifest] = []

  mutating func read(_ inputs: [ImportInput]) throws(ImportError) {
    let bytes = inputs.reduce(0) { $0 + $1.text.utf8.count }
    guard bytes <= Self.longestText else {
      throw ImportError(
        "there are \(bytes) bytes to read; at most \(Self.longestText) are read at once: "
          + "import one namespace at a time")
    }
    for input in inputs { try read(input) }
    guard manifests.count <= Self.mostObjects else {
      throw ImportError(
        "there are \(manifests.count) objects; at most \(Self.mostObjects) are read at once: "
          + "import one namespace at a time")
    }
  }

  private mutating func read(_ input: ImportInput) throws(ImportError) {
    do {
      try YAMLBounds.check(input.text)
    } catch {
      throw ImportError("\(error)", file: input.name, line: error.line)
    }
    for node in try Self.documents(of: input) {
      let root = Field(file: input.name, node: node)
      // An empty document between two marks is allowed.
      guard root.exists else { continue }
      guard case .mapping = node else {
        log.note(root, "expected a Kubernetes object, found \(root.found)")
        continue
      }
      expand(root)
    }
  }

  /// A list as `kubectl` prints it stands for its items.
  private mutating func expand(_ root: Field) {
    guard let kind = root["kind"].scalarText, kind.hasSuffix("List"), root["items"].exists else {
      if let manifest = Manifest(root, &log) { manifests.append(manifest) }
      return
    }
    let itemKind = kind == "List" ? nil : String(kind.dropLast(4))
    for var item in root["items"].list(&log) {
      guard case .mapping(var mapping) = item.node else {
        log.note(item, "expected a Kubernetes object, found \(item.found)")
        continue
      }
      // The items of a typed list need not say again what they are.
      if let itemKind, !item["kind"].exists, let version = root["apiVersion"].scalarText {
        mapping[Node("kind")] = Node(itemKind)
        mapping[Node("apiVersion")] = Node(version)
        item.node = .mapping(mapping)
      }
      item.path = ""
      if let manifest = Manifest(item, &log) { manifests.append(manifest) }
    }
  }

  private static func documents(of input: ImportInput) throws(ImportError) -> [Node] {
    do {
      // The sequence ends at an error as it ends at the end; a copy of it would not tell.
      var documents = try Yams.compose_all(yaml: input.text)
      var nodes: [Node] = []
      while let node = documents.next() { nodes.append(node) }
      if let error = documents.error { throw error }
      return nodes
    } catch let error as YamlError {
      throw ImportError(error, file: input.name)
    } catch {
      throw ImportError("cannot be read as YAML: \(error)", file: input.name)
    }
  }
}

extension ImportError {
  /// Says in one sentence what the YAML parser found.
  init(_ error: YamlError, file: String) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      self.init("no valid YAML: \(problem), column \(mark.column)", file: file, line: mark.line)
    case .reader(let problem, let offset, _, _):
      let place = offset.map { " at byte \($0)" } ?? ""
      self.init("no valid YAML: \(problem)\(place)", file: file)
    case .duplicatedKeysInMapping(_, let context):
      self.init(
        "a key appears more than once in the mapping that begins here", file: file,
        line: context.mark.line)
    default:
      self.init("no valid YAML", file: file)
    }
  }
}
