internal import CLinux
internal import Glibc

/// One end of a connected pair that carries whole messages and descriptors (unix(7), `SOCK_SEQPACKET`).
package struct MessageSocket: Sendable {
  package let descriptor: DescriptorHandle

  package static let mostDescriptors = Int(CL_MAX_DESCRIPTORS)

  package static func pair() throws(SystemError) -> (MessageSocket, MessageSocket) {
    var ends: [Int32] = [-1, -1]
    try SystemError.check(Int(cl_message_pair(&ends)), "socketpair", "the guardian")
    return (
      MessageSocket(descriptor: DescriptorHandle(owning: ends[0])),
      MessageSocket(descriptor: DescriptorHandle(owning: ends[1]))
    )
  }

  /// Sends one message, whole or not at all. Never blocks: `EAGAIN` when the peer does not read.
  package func send(_ message: [UInt8], descriptors: [DescriptorHandle] = []) throws(SystemError) {
    let result = descriptor.use { socket in
      DescriptorHandle.use(descriptors) { numbers in
        cl_send_message(socket, message, message.count, numbers, numbers.count)
      }
    }
    try SystemError.check(result, "send", "message to the guardian")
  }

  /// Waits for one message; nil once the peer is gone. Blocks its thread.
  package func receive(limit: Int) throws(SystemError) -> (
    message: [UInt8], descriptors: [DescriptorHandle]
  )? {
    var buffer = [UInt8](repeating: 0, count: limit)
    var numbers = [Int32](repeating: -1, count: Self.mostDescriptors)
    var count = 0
    let size = descriptor.use { cl_receive_message($0, &buffer, limit, &numbers, &count) }
    let handles = numbers.prefix(count).map { DescriptorHandle(owning: $0) }
    if size == -Int(ECONNRESET) { return nil }
    try SystemError.check(size, "receive", "message of the guardian")
    guard size > 0 else { return nil }
    return (Array(buffer.prefix(size)), handles)
  }

  /// Says that nothing more will come; the peer sees the end.
  package func shutDown() { _ = descriptor.use { shutdown($0, Int32(SHUT_RDWR)) } }
}
