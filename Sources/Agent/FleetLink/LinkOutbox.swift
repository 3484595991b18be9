internal import FleetWire
internal import Synchronization

/// What waits to be sent on one connection.
final class LinkOutbox: Sendable {
  let messages: AsyncStream<AgentMessage>
  private let queue: AsyncStream<AgentMessage>.Continuation
  private let overflow = Mutex(false)

  init(bound: Int) {
    (messages, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(bound))
  }

  /// Whether a message found the queue full; the connection is then of no more use.
  var hasOverflown: Bool { overflow.withLock { $0 } }

  func offer(_ message: AgentMessage) {
    if case .dropped = queue.yield(message) {
      overflow.withLock { $0 = true }
      queue.finish()
    }
  }

  func finish() { queue.finish() }
}
