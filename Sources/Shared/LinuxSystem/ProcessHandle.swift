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
    let result = cl_pidfd_signal(descriptor.number, SIGKILL)
    guard result == 0 || result == -ESRCH else {
      throw SystemError("kill", "process \(pid)", code: -result)
    }
  }

  package var hasEnded: Bool {
    var event = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    return poll(&event, 1, 0) > 0
  }

  /// Waits for the end, at most this long; false when it goes on. Blocks its thread.
  package func waitForEnd(_ limit: Duration) -> Bool {
    var event = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    let deadline = LinuxKernel.timeSinceBoot() + limit
    while true {
      let left = deadline - LinuxKernel.timeSinceBoot()
      let result = poll(&event, 1, max(0, left.milliseconds))
      if result > 0 { return true }
      if result == 0 || errno != EINTR { return false }
    }
  }
}

extension Duration {
  /// Whole milliseconds, rounded up, for `poll`.
  package var milliseconds: Int32 {
    let (seconds, attoseconds) = components
    guard seconds < 2_000_000 else { return .max }
    return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
