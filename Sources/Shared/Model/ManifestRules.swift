/// Which objects of a cluster belong to a backup beside its volumes: what the members' namespaces consist of.
package struct ManifestRules: Hashable, Codable, Sendable {
  package enum Capture: String, CaseIterable, Hashable, Codable, Sendable {
    /// Taken as far as they can be read; the backup says what is missing.
    case optional
    /// As `optional`, and a backup from which any is missing does not meet the plan.
    case required
    /// Not taken.
    case none
  }

  package enum Secrets: String, CaseIterable, Hashable, Codable, Sendable {
    /// Encrypted with a key that lies outside of the catalog.
    case sealed
    /// Not taken.
    case omit
  }

  package var capture: Capture
  /// Only these kinds when there are any, also such as are usually left out.
  package var include: [KindPattern]
  /// Never these.
  package var exclude: [KindPattern]
  package var secrets: Secrets

  package init(
    capture: Capture = .optional, include: [KindPattern] = [], exclude: [KindPattern] = [],
    secrets: Secrets = .sealed
  ) {
    self.capture = capture
    self.include = include
    self.exclude = exclude
    self.secrets = secrets
  }
}

/// Kinds of a cluster's objects by their plural name: `configmaps`, `deployments.apps`, or `.example.com` for a whole group.
package struct KindPattern: Identifier {
  package static let kind = "kind of object"
  package static let rule =
    "a plural in lower case, with its group after a dot (configmaps, deployments.apps), or a dot and a "
    + "group (.example.com)"
  package let text: String
  package init(accepted text: String) { self.text = text }

  package static func accepts(_ text: String) -> Bool {
    let name = text.hasPrefix(".") ? text.dropFirst() : text[...]
    return text.utf8.count <= 253
      && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
        NamespaceName.accepts(String($0))
      }
  }

  /// `group` is empty for the core group.
  package func matches(plural: String, group: String) -> Bool {
    if text.hasPrefix(".") { return text.dropFirst() == group }
    return text == (group.isEmpty ? plural : "\(plural).\(group)")
  }
}
