internal import CoordinatorCore
internal import CutProtocol
internal import FleetWire
internal import Model
internal import Synchronization

/// One open stream of one agent: what waits to be sent, what waits for replies, and how it ends.
final class AgentSession: Sendable {
  private struct State {
    /// Orders and requests are taken from when the agent was welcomed until the session closes.
    var isOpen = false
    /// Which version of the protocol is spoken, and the agent's own; 0 before the welcome.
    var speaks: (protocol: UInt32, version: String) = (0, "")
    /// While the core admits the agent nothing is read, so silence means nothing.
    var isAdmitting = false
    var lastHeard: ContinuousClock.Instant
    var writingSince: ContinuousClock.Instant?
    var closingSince: ContinuousClock.Instant?
    var farewell: Farewell?
    /// Which start of the agent it is; nil before its hello.
    var run: AgentRun?
    /// The node's session before this one, for as long as it may not have ended.
    var previous: AgentSession?
    var nextRequest: UInt64 = 1
    var pending: [UInt64: AsyncStream<NodeReply>.Continuation] = [:]
  }

  /// Requests of one agent that may wait for their replies.
  static let largestPending = 256

  let node: NodeID
  /// When the agent's certificate ends.
  let notAfter: Timestamp
  let outbox: AsyncStream<Stillpoint_Fleet_V1_CoordinatorMessage>
  private let queue: AsyncStream<Stillpoint_Fleet_V1_CoordinatorMessage>.Continuation
  private let state = Mutex(State(lastHeard: .now))
  /// Opens when the stream is gone, the core was told, and the sessions before this one are gone as well.
  let end = Latch()

  init(_ agent: AdmittedAgent, outbox bound: Int) {
    node = agent.node
    notAfter = agent.notAfter
    (outbox, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(bound))
  }

  var isOpen: Bool { state.withLock { $0.isOpen } }
  var isClosing: Bool { state.withLock { $0.closingSince != nil } }
  /// What the agent was told when the session was closed; nil when the agent left by itself.
  var farewell: Farewell? { state.withLock { $0.farewell } }

  /// Queues a message; false when the session is closing, or closes now because its queue is full.
  @discardableResult
  func offer(_ message: CoordinatorMessage, _ vectors: VectorEncoding = VectorEncoding())
    throws(WireError) -> Bool
  {
    let wire = try message.wire(vectors)
    guard !isClosing else { return false }
    switch queue.yield(wire) {
    case .enqueued: return true
    case .dropped:
      close(Farewell(.overloaded, "\(node) does not read what it is sent; its queue is full"))
      return false
    case .terminated: return false
    @unknown default: return false
    }
  }

  /// Tells the agent why, as the last message that it gets, and ends the stream once that is written.
  func close(_ farewell: Farewell?) {
    let pending = state.withLock { state -> [AsyncStream<NodeReply>.Continuation]? in
      guard state.closingSince == nil else { return nil }
      state.closingSince = .now
      state.isOpen = false
      state.farewell = farewell
      defer { state.pending = [:] }
      return Array(state.pending.values)
    }
    guard let pending else { return }
    // A farewell is small and always encodes; one that finds the queue full is lost with the connection.
    if let farewell, let wire = try? CoordinatorMessage.farewell(farewell).wire() {
      queue.yield(wire)
    }
    queue.finish()
    for waiter in pending { waiter.finish() }
  }

  var run: AgentRun? {
    get { state.withLock { $0.run } }
    set { state.withLock { $0.run = newValue } }
  }

  var lastHeard: ContinuousClock.Instant { state.withLock { $0.lastHeard } }

  var previous: AgentSession? {
    get { state.withLock { $0.previous } }
    set { state.withLock { $0.previous = newValue } }
  }

  func beginAdmission() { state.withLock { $0.isAdmitting = true } }

  func endAdmission() {
    state.withLock {
      $0.isAdmitting = false
      $0.lastHeard = .now
    }
  }

  /// Which version of the protocol is spoken, and the agent's own.
  var speaks: (protocol: UInt32, version: String) { state.withLock { $0.speaks } }

  func welcomed(_ protocol: UInt32, _ version: String) {
    state.withLock { $0.speaks = (`protocol`, version) }
  }

  func open() { state.withLock { $0.isOpen = $0.closingSince == nil } }

  func heard() { state.withLock { $0.lastHeard = .now } }

  func writing(_ isWriting: Bool) { state.withLock { $0.writingSince = isWriting ? .now : nil } }

  /// What is overdue at `now`; nil when all is well.
  func overdue(
    at now: ContinuousClock.Instant, deadAfter: Duration, closingGrace: Duration
  ) -> SessionOverdue? {
    state.withLock { state in
      if let since = state.closingSince { return now - since > closingGrace ? .closing : nil }
      if let since = state.writingSince, now - since > deadAfter { return .reading }
      if !state.isAdmitting, now - state.lastHeard > deadAfter { return .speaking }
      return nil
    }
  }

  /// Registers a request; nil when the session is closed or too many wait already.
  func expectReply() -> (id: UInt64, replies: AsyncStream<NodeReply>)? {
    state.withLock { state in
      guard state.isOpen, state.pending.count < Self.largestPending else { return nil }
      let id = state.nextRequest
      state.nextRequest += 1
      let (replies, waiter) = AsyncStream<NodeReply>.makeStream(
        bufferingPolicy: .bufferingOldest(1))
      state.pending[id] = waiter
      return (id, replies)
    }
  }

  /// Hands a reply to whoever waits; one that nobody waits for (any more) is dropped.
  func fulfil(_ id: UInt64, _ reply: NodeReply) {
    guard let waiter = state.withLock({ $0.pending.removeValue(forKey: id) }) else { return }
    waiter.yield(reply)
    waiter.finish()
  }

  func forget(_ id: UInt64) { _ = state.withLock { $0.pending.removeValue(forKey: id) } }
}

/// Which deadline of a session has passed.
enum SessionOverdue: Error {
  /// The agent was silent for too long.
  case speaking
  /// The agent does not take what it is sent.
  case reading
  /// The agent does not let the stream end.
  case closing
}
