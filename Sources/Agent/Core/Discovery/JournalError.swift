/// Why the placement journal cannot be used, or could not do one thing.
package struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    /// Another process has it open.
    case inUse = "in-use"
    /// Its content cannot be what was written. Nothing was changed; an operator must decide.
    case corrupt
    /// A newer version wrote it.
    case newer
    /// It belongs to another node.
    case foreign
    /// No space, on the disk or within the journal's own limit. What was recorded before is whole.
    case full
    /// The operating system refused; what was recorded before is whole.
    case io
    /// The reader asks for records that this journal does not have (any more).
    case discontinuity
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
