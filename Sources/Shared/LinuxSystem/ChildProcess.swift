internal import CLinux
internal import Glibc

/// A program that this process started, in its own session and process group.
package struct ChildProcess: Sendable {
  package let handle: ProcessHandle
  package var pid: Int32 { handle.pid }

  /// Starts a program; `descriptors` become its 0, 1, 2 … (nil: `/dev/null`), every other one is closed there.
  ///
  /// Returns once the program runs. Exactly one caller must `reap` it.
  package init(
    path: String, arguments: [String], environment: [String], descriptors: [DescriptorHandle?]
  ) throws(SystemError) {
    let pid = withCStrings([path] + arguments, environment) { arguments, environment in
      DescriptorHandle.use(descriptors) { numbers in
        cl_spawn(path, arguments, environment, numbers, Int32(numbers.count))
      }
    }
    try SystemError.check(Int(pid), "start", path)
    handle = try ProcessHandle(pid)
  }

  package func kill() throws(SystemError) { try handle.kill() }

  /// Waits for the end, at most this long, and frees the process number; false when it goes on. Blocks its thread.
  @discardableResult
  package func reap(_ limit: Duration) -> Bool {
    guard handle.waitForEnd(limit) else { return false }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return true
  }
}

/// Calls `body` with two null-terminated arrays of C strings.
func withCStrings<R>(
  _ first: [String], _ second: [String],
  _ body: (
    UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>,
    UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  ) -> R
) -> R {
  var first: [UnsafeMutablePointer<CChar>?] = first.map { strdup($0) } + [nil]
  var second: [UnsafeMutablePointer<CChar>?] = second.map { strdup($0) } + [nil]
  defer {
    for string in first + second { free(string) }
  }
  return first.withUnsafeMutableBufferPointer { first in
    second.withUnsafeMutableBufferPointer { second in
      guard let first = first.baseAddress, let second = second.baseAddress else {
        preconditionFailure("an array that ends with nil is never empty")
      }
      return body(first, second)
    }
  }
}
