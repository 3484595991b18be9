/// A list, wrapped so that fields can be added beside it later.
package struct Items<Element: Codable & Sendable>: Codable, Sendable {
  package var items: [Element]

  package init(_ items: [Element]) { self.items = items }
}

extension Items: Equatable where Element: Equatable {}
