/// Why the catalog could not do what was asked. Nothing of the failed call is stored.
package struct CatalogError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    /// What was named does not exist.
    case notFound = "not-found"
    /// The change contradicts what is stored (same name, other content; an epoch that is not the current one).
    case conflict
    /// The disk is full; the catalog is unharmed and later calls may succeed.
    case full
    /// The file is damaged or of a newer version and was left untouched.
    case unusable
    /// Any other failure of storage.
    case storage
  }

  package var code: Code
  package var message: String
  package var hint: String?

  package init(_ code: Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  package var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
