internal import Glibc

/// A system call that failed.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The call, for example `FIFREEZE`.
  package var call: String
  /// What it was tried on.
  package var subject: String
  /// The errno.
  package var code: Int32

  package init(_ call: String, _ subject: String, code: Int32) {
    self.call = call
    self.subject = subject
    self.code = code
  }

  package var description: String { "\(call) of \(subject) failed: \(reason)" }

  /// The errno in words.
  package var reason: String { String(cString: strerror(code)) }

  /// Turns a result of the C shim, 0 or more for success and a negated errno otherwise, into a value or an error.
  @discardableResult
  static func check(_ result: Int, _ call: String, _ subject: String) throws(SystemError) -> Int {
    guard result >= 0 else { throw SystemError(call, subject, code: Int32(-result)) }
    return result
  }
}
