internal import CLinux
internal import Glibc

/// A process that cannot be mistaken for a later one of the same number (pidfd_open(2)).
package struct ProcessHandle: Sendable {
  package let pid: Int32
  /// Readable once the process has ended.
  package let descriptor: DescriptorHandle

  /// Throws `ESRCH` when there is no such process.
  package init(_ pid: Int32) throws(SystemError) {
    let number = try SystemError.check(Int(cl_pidfd_open(pid)), "pidfd_open", "process \(pid)")
    self.pid = pid
    descriptor = DescriptorHandle(owning: Int32(number))
  }

  /// Does nothing to a process that has ended.
  package func kill() throws(SystemError) {
    let result = descriptor.use { cl_pidfd_signal($0, SIGKILL) }
    guard result == 0 || result == -ESRCH else {
      throw SystemError("kill", "process \(pid)", code: -result)
    }
  }

  package var hasEnded: Bool {
    !DescriptorHandle.waitUntilReadable([descriptor], limit: .zero).isEmpty
  }

  /// Waits for the end, at most this long; false when it goes on. Blocks its thread.
  package func waitForEnd(_ limit: Duration) -> Bool {
    DescriptorHandle.waitUntilReadable(descriptor, until: LinuxKernel.timeSinceBoot() + limit)
  }
}

extension Duration {
  /// Whole milliseconds, rounded up, for `poll`: 0 for what has passed, some weeks for anything longer.
  package var milliseconds: Int32 {
    guard self > .zero else { return 0 }
    let (seconds, attoseconds) = components
    guard seconds < 2_000_000 else { return .max }
    return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
