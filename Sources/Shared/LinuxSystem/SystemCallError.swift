internal import Glibc

/// A system call that failed: what was tried on which object, and the kernel's answer.
package struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried, in words that complete "… of `object` failed".
  package var attempt: String
  /// The path or device.
  package var object: String
  /// The kernel's `errno`.
  package var number: Int32

  package init(_ attempt: String, of object: String, number: Int32) {
    self.attempt = attempt
    self.object = object
    self.number = number
  }

  /// The calling thread's last `errno`.
  package init(lastOf attempt: String, of object: String) {
    self.init(attempt, of: object, number: errno)
  }

  package var description: String {
    "\(attempt) of \(object) failed: \(String(cString: strerror(number)))"
  }
}
