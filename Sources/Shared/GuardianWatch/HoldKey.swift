/// Names a hold to the guardian, which does not care how the name is made.
package struct HoldKey: Hashable, Sendable, CustomStringConvertible {
  package var text: String

  package init(_ text: String) { self.text = text }

  package var description: String { text }
}
