internal import Glibc

extension DescriptorHandle {
  /// Waits until one of the descriptors is readable or at its end; their places in the list, empty after `limit` (nil: no
  /// limit). Blocks its thread.
  package static func waitUntilReadable(_ handles: [DescriptorHandle?], limit: Duration?)
    -> Set<Int>
  {
    use(handles) { numbers in
      var events = numbers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      let ready = poll(&events, nfds_t(events.count), limit.map { max(0, $0.milliseconds) } ?? -1)
      // Interrupted: the caller's loop asks again.
      guard ready > 0 else { return [] }
      return Set(events.indices.filter { events[$0].revents != 0 })
    }
  }

  /// The same until a deadline, whatever interrupts it.
  package static func waitUntilReadable(_ handle: DescriptorHandle, until deadline: Duration)
    -> Bool
  {
    while true {
      let left = deadline - LinuxKernel.timeSinceBoot()
      if !waitUntilReadable([handle], limit: max(.zero, left)).isEmpty { return true }
      guard left > .zero else { return false }
    }
  }

  /// Waits until a pipe takes a page without blocking, false at the deadline. Blocks its thread.
  package static func waitUntilWritable(_ handle: DescriptorHandle, until deadline: Duration)
    -> Bool
  {
    handle.use { number in
      while true {
        let left = deadline - LinuxKernel.timeSinceBoot()
        guard left > .zero else { return false }
        var event = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        let ready = poll(&event, 1, left.milliseconds)
        if ready > 0 { return true }
        if ready == 0 { return false }
      }
    }
  }

  /// Wakes whoever waits on the other end of this pipe.
  package func writeByte() {
    var byte: UInt8 = 1
    _ = use { write($0, &byte, 1) }
  }

  /// Takes what a pipe holds, once.
  package func discardBytes() {
    var buffer = [UInt8](repeating: 0, count: 512)
    _ = use { read($0, &buffer, buffer.count) }
  }
}
