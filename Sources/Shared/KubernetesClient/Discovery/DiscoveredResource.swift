/// A type that an API server serves, and what can be done with it.
package struct DiscoveredResource: Hashable, Sendable {
  package var type: ResourceType
  package var verbs: Set<String>
  package var shortNames: [String]
  package var categories: [String]
  /// For example `status` and `scale`.
  package var subresources: Set<String>

  package init(
    type: ResourceType, verbs: Set<String>, shortNames: [String] = [], categories: [String] = [],
    subresources: Set<String> = []
  ) {
    self.type = type
    self.verbs = verbs
    self.shortNames = shortNames
    self.categories = categories
    self.subresources = subresources
  }
}
