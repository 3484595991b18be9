internal import OperatorWire

/// What the process's exit status says.
package enum ExitStatus: Int32, Sendable {
  case done = 0
  case failed = 1
  /// The command line itself was wrong; nothing was tried.
  case usage = 2
  /// Done, but the grade that was required was not met.
  case gradeNotMet = 3

  /// Done, but not to the full: the same status.
  package static let incomplete = ExitStatus.gradeNotMet
}

/// Why a command did not do what it was asked: what, why, and what to do next.
package struct CommandFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// What happened, as far as a caller can react to it.
  package enum Kind: Hashable, Sendable {
    /// Configuration, input or a file is wrong.
    case input
    /// The coordinator cannot be reached; trying again may help.
    case unreachable
    /// The coordinator and this operator do not believe each other.
    case identity
    /// The coordinator refused, with its code.
    case refused(code: String)
    /// The coordinator's answer made no sense to this program.
    case protocolMismatch
  }

  package var kind: Kind
  package var message: String
  package var hint: String?
  package var status: ExitStatus

  package init(
    _ kind: Kind, _ message: String, hint: String? = nil, status: ExitStatus = .failed
  ) {
    self.kind = kind
    self.message = message
    self.hint = hint
    self.status = status
  }

  init(_ body: ErrorBody) {
    self.init(.refused(code: body.code), body.message, hint: body.hint)
  }

  /// What is printed to standard error.
  package var description: String {
    hint.map { "error: \(message)\nhint: \($0)" } ?? "error: \(message)"
  }
}
