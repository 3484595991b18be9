/// Why an operator's request was not carried out.
package struct OperationError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    case notFound = "not-found"
    /// The request contradicts the current state; the message says which.
    case conflict
    /// The request itself is wrong.
    case invalid
    /// The caller's identity is not allowed to do this.
    case forbidden
    /// A node, the catalog or another part does not answer; trying again later may help.
    case unavailable
  }

  package var code: Code
  package var message: String
  package var hint: String?

  package init(_ code: Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  package init(_ error: CatalogError) {
    let code: Code =
      switch error.code {
      case .notFound: .notFound
      case .conflict: .conflict
      case .full, .unusable, .storage: .unavailable
      }
    self.init(code, error.message, hint: error.hint)
  }

  package var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
