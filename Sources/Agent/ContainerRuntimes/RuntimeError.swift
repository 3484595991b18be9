/// Why the container runtime could not be asked, or what is wrong with its answer.
package struct RuntimeError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    /// Nothing answers at the socket, or the connection broke. May pass.
    case unavailable
    /// No answer within the deadline. May pass.
    case timedOut = "timed-out"
    /// The runtime refused or failed. May pass.
    case failed
    /// The answer is not what the interface promises, or is beyond its bounds.
    case malformed
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
