internal import CommandLineKit

/// Ends the command with a status after everything was printed.
struct ExitWith: Error {
  var status: ExitStatus

  /// Returns when `met` is not false.
  static func unlessMet(_ met: Bool?) throws {
    if met == false { throw ExitWith(status: .gradeNotMet) }
  }
}
