/// Why something of the demo fleet could not be done.
package struct DemoError: Error, CustomStringConvertible {
  /// Lower case, without a full stop; names the object and what was tried.
  package var message: String
  /// What to do about it.
  package var hint: String?
  /// The file that holds the output of the program at fault.
  package var log: String?

  package init(_ message: String, hint: String? = nil, log: String? = nil) {
    self.message = message
    self.hint = hint
    self.log = log
  }

  package var description: String {
    message + (hint.map { " (\($0))" } ?? "")
  }
}
