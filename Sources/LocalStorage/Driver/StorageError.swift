package import LinuxSystem

/// Why the driver did not do what it was asked for; the codes are those that the CSI specification gives a meaning.
package struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    /// The request itself is wrong; repeating it cannot help.
    case invalidArgument
    /// The volume, snapshot or path does not exist.
    case notFound
    /// The name is taken by something incompatible.
    case alreadyExists
    /// Another call works on the same object: repeat it later.
    case aborted
    /// The pool is full.
    case resourceExhausted
    /// No volume of this size is possible.
    case outOfRange
    /// The object is not in the state that the call needs, for example in use.
    case failedPrecondition
    /// The machine refused something that should have worked.
    case `internal`
  }

  package var code: Code
  package var message: String
  package var hint: String?

  package init(_ code: Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  /// A failed system call; a full filesystem has a code of its own.
  package init(_ error: SystemError, while attempt: String) {
    // ENOSPC and EDQUOT of errno(3).
    let full = error.code == 28 || error.code == 122
    self.init(full ? .resourceExhausted : .internal, "\(attempt): \(error)")
  }

  package var description: String { hint.map { "\(message) (\($0))" } ?? message }

  /// Runs `body`; a system call that fails in it becomes an error that says what was attempted.
  static func explaining<Value>(_ attempt: String, _ body: () throws -> Value)
    throws(StorageError) -> Value
  {
    do {
      return try body()
    } catch let error as StorageError {
      throw error
    } catch let error as SystemError {
      // EBUSY of errno(3).
      guard error.code != 16 else {
        throw StorageError(
          .failedPrecondition, "\(attempt): \(error)", hint: "a process has files open there")
      }
      throw StorageError(error, while: attempt)
    } catch {
      throw StorageError(.internal, "\(attempt): \(error)")
    }
  }
}
