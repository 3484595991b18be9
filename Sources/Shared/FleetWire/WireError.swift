/// A message that the protocol does not allow, and which field makes it so.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Path of the field within the message, for example `order.renew.hold.boot`.
  package var field: String
  package var problem: String

  package init(_ field: String, _ problem: String) {
    self.field = field
    self.problem = problem
  }

  package var description: String { "field \(field) of the message is not acceptable: \(problem)" }
}
