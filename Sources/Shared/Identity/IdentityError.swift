/// Why an identity could not be made, read, or believed.
package struct IdentityError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    /// A file or directory is open to others, or belongs to somebody else: fix its mode and owner.
    case permissions
    /// A file cannot be read, written or flushed: see the system's reason.
    case storage
    /// What was read is not what it should be: restore it, or start anew on purpose.
    case malformed
    /// Two things that belong together do not: a key and its certificate, an authority and its fleet.
    case mismatched
    /// A certificate, request or token is not acceptable.
    case refused
  }

  package var code: Code
  package var message: String
  /// What to do about it; nil when the message says it all.
  package var hint: String?

  package init(_ code: Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  package var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
