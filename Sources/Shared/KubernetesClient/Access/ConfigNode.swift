internal import YAMLBounds
internal import Yams

/// A value in a configuration file, which knows where it stands, for messages.
struct ConfigNode {
  /// What a configuration file may have.
  static let largest = 4 << 20

  let node: Node
  let file: String
  /// For example `users[me].user.token`.
  let place: String

  init(text: String, file: String) throws(KubernetesError) {
    do {
      try YAMLBounds.check(text)
      guard let node = try Yams.compose(yaml: text, Resolver.basic) else {
        throw KubernetesError(.configuration, "\(file) is empty")
      }
      self.init(node: node, file: file, place: "")
    } catch let error as KubernetesError {
      throw error
    } catch let error as YAMLBounds.Exceeded {
      throw KubernetesError(
        .configuration, "\(file) is not read: line \(error.line): \(error.description)")
    } catch {
      throw KubernetesError(.configuration, "\(file) is no YAML: \(error)")
    }
    guard node.mapping != nil else {
      throw KubernetesError(.configuration, "\(file) is no mapping of keys to values")
    }
  }

  private init(node: Node, file: String, place: String) {
    self.node = node
    self.file = file
    self.place = place
  }

  func failure(_ text: String, hint: String? = nil) -> KubernetesError {
    KubernetesError(
      .configuration, "\(file): \(place.isEmpty ? "it" : place) \(text)", hint: hint)
  }

  /// Nil for a key that is not there, or has no value.
  func child(_ key: String) -> ConfigNode? {
    guard let mapping = node.mapping else { return nil }
    for (name, value) in mapping where name.scalar?.string == key {
      if let scalar = value.scalar, scalar.style == .plain,
        ["", "~", "null"].contains(scalar.string)
      {
        return nil
      }
      return ConfigNode(node: value, file: file, place: place.isEmpty ? key : "\(place).\(key)")
    }
    return nil
  }

  func text(_ key: String) throws(KubernetesError) -> String? {
    guard let child = child(key) else { return nil }
    guard let text = child.node.scalar?.string else { throw child.failure("is no text") }
    return text.isEmpty ? nil : text
  }

  func bool(_ key: String) throws(KubernetesError) -> Bool {
    guard let text = try text(key) else { return false }
    switch text {
    case "true": return true
    case "false": return false
    default: throw failure("has \(key): '\(text.prefix(40))', which is neither true nor false")
    }
  }

  func list(_ key: String) throws(KubernetesError) -> [ConfigNode] {
    guard let child = child(key) else { return [] }
    guard let sequence = child.node.sequence else { throw child.failure("is no list") }
    return sequence.enumerated().map { index, node in
      ConfigNode(node: node, file: file, place: "\(child.place)[\(index)]")
    }
  }

  func texts(_ key: String) throws(KubernetesError) -> [String] {
    var texts: [String] = []
    for element in try list(key) {
      guard let text = element.node.scalar?.string else { throw element.failure("is no text") }
      texts.append(text)
    }
    return texts
  }
}
