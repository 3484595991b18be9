package import CoordinatorCore
package import CutProtocol
internal import FleetWire
package import Logging
package import Model
internal import Synchronization

/// The open streams of all agents, as the core uses them. Made before the core and the server, which both need it.
package final class FleetGateway: AgentGateway {
  private struct State {
    var sessions: [NodeID: AgentSession] = [:]
    /// Why nothing is sent any more; nil while this is the active coordinator.
    var retired: Farewell?
  }

  private let state = Mutex(State())
  private let vectors = VectorEncoding()
  private let registry: any NodeRegistry
  private let logger: Logger
  private let now: @Sendable () -> Timestamp

  package init(
    registry: any NodeRegistry, logger: Logger,
    now: @escaping @Sendable () -> Timestamp = { .now() }
  ) {
    self.registry = registry
    self.logger = logger
    self.now = now
  }

  /// A node that is revoked or whose certificate has expired is sent nothing but `abort`, so that it may thaw and
  /// never freeze (S15); anything else ends its stream.
  package func send(_ order: CutOrder, to node: NodeID) async throws(GatewayError) {
    let session = try session(of: node)
    if case .abort = order {} else { try await authorise(session) }
    try offer(.order(order), to: session)
  }

  package func request(_ request: NodeRequest, to node: NodeID, timeout: Duration)
    async throws(GatewayError) -> NodeReply
  {
    let session = try session(of: node)
    try await authorise(session)
    let (spoken, version) = session.speaks
    // An agent that does not know a message ends the connection, and with it what else is going on there.
    guard spoken >= request.sinceProtocol else {
      throw GatewayError(
        .unsupported,
        "the agent on \(node) (\(version)) speaks fleet protocol \(spoken), and this needs \(request.sinceProtocol): "
          + "upgrade the agent")
    }
    guard let (id, replies) = session.expectReply() else {
      throw GatewayError(.overloaded, "\(node) has too many requests open")
    }
    defer { session.forget(id) }
    try offer(.request(id: id, request), to: session)
    let reply = await withTaskGroup(of: Waited.self) { group in
      group.addTask {
        for await reply in replies { return .reply(reply) }
        return .closed
      }
      group.addTask {
        // Cancelled once the reply is there; then nobody looks at this child's answer.
        try? await Task.sleep(for: timeout)
        return .timedOut
      }
      defer { group.cancelAll() }
      return await group.next() ?? .closed
    }
    switch reply {
    case .reply(let reply): return reply
    case .closed:
      throw GatewayError(.lost, "\(node) went away before it replied")
    case .timedOut:
      throw GatewayError(.timedOut, "\(node) did not reply within \(timeout.shortText)")
    }
  }

  package func connected() async -> Set<NodeID> {
    state.withLock { Set($0.sessions.filter { $0.value.isOpen }.keys) }
  }

  /// Tells the agent that it is revoked, if it is, and ends its stream.
  package func disconnect(_ node: NodeID) async {
    guard let session = state.withLock({ $0.sessions[node] }) else { return }
    // The farewell only says why; when that cannot be told, the stream ends all the same.
    let isRevoked = (try? await registry.isRevoked(node)) ?? false
    session.close(
      isRevoked ? .revoked(node) : Farewell(.unavailable, "the coordinator ended the connection"))
  }

  /// Ends every stream; used when the coordinator stops.
  func closeAll(_ farewell: Farewell) {
    for session in state.withLock({ Array($0.sessions.values) }) { session.close(farewell) }
  }

  /// Ends every stream for good, since this coordinator is not the active one any more: from here on no order goes out,
  /// whatever still runs, and no agent is taken.
  package func retire() {
    let farewell = Farewell(.unavailable, "this coordinator is not the active one any more")
    state.withLock { $0.retired = farewell }
    closeAll(farewell)
  }

  /// The node's open session of another start of its agent.
  func rival(of session: AgentSession, _ run: AgentRun) -> AgentSession? {
    guard let other = state.withLock({ $0.sessions[session.node] }), other.isOpen, other.run != run
    else { return nil }
    return other
  }

  /// Makes this the node's session; the one whose place it takes becomes its `previous` and is told to end.
  func take(_ session: AgentSession) {
    let (previous, retired) = state.withLock { state in
      (state.sessions.updateValue(session, forKey: session.node), state.retired)
    }
    if let retired { session.close(retired) }
    if let previous {
      logger.notice(
        "agent connection replaced by a newer one", metadata: ["node": "\(session.node)"])
      session.previous = previous
      previous.close(
        Farewell(.replaced, "another connection of \(session.node) is newer than this one"))
    }
  }

  func remove(_ session: AgentSession) {
    state.withLock {
      if $0.sessions[session.node] === session { $0.sessions[session.node] = nil }
    }
  }

  private enum Waited: Sendable {
    case reply(NodeReply)
    case closed
    case timedOut
  }

  private func session(of node: NodeID) throws(GatewayError) -> AgentSession {
    guard let session = state.withLock({ $0.sessions[node] }), session.isOpen else {
      throw GatewayError(.notConnected, "\(node) is not connected")
    }
    return session
  }

  private func authorise(_ session: AgentSession) async throws(GatewayError) {
    guard now() < session.notAfter else {
      let farewell = Farewell.expired(session.node, session.notAfter)
      session.close(farewell)
      throw GatewayError(.notConnected, farewell.message)
    }
    do {
      guard try await registry.isRevoked(session.node) else { return }
    } catch {
      throw GatewayError(
        .notConnected, "whether \(session.node) is revoked cannot be told: \(error)")
    }
    session.close(.revoked(session.node))
    throw GatewayError(.notConnected, "\(session.node) is revoked")
  }

  private func offer(_ message: CoordinatorMessage, to session: AgentSession)
    throws(GatewayError)
  {
    let isQueued: Bool
    do throws(WireError) {
      isQueued = try session.offer(message, vectors)
    } catch {
      throw GatewayError(.tooLarge, "\(session.node) cannot be told: \(error)")
    }
    guard isQueued else {
      if session.farewell?.reason == .overloaded {
        throw GatewayError(.overloaded, "\(session.node) does not read what it is sent")
      }
      throw GatewayError(.notConnected, "the connection of \(session.node) is ending")
    }
  }
}
