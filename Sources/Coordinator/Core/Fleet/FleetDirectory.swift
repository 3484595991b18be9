package import CutProtocol
package import Logging
package import Model

/// Which agents are connected and what they last said; applies what they record and hands on what they report.
package actor FleetDirectory: FleetEvents {
  /// What an agent said of itself last.
  package struct Presence: Sendable {
    package var isConnected: Bool
    package var heartbeat: AgentHeartbeat?
    /// Lets through what the agent observed once its records are applied.
    var gate: ObservationGate

    /// Everything up to here was observed and is in the catalog; nil while that cannot be said of this connection.
    package var observedThrough: Timestamp? { gate.proved?.through }
  }

  /// Heartbeats are stored at most this often; in between they live in memory.
  private static let storeEvery = Duration.seconds(5)

  private let nodes: any NodeStore
  private let placements: any PlacementStore
  private let audit: any AuditStore
  private let fences: FenceSource
  private let router: CutRouter
  private let closer: AttemptCloser
  private let clock: any CutClock
  private let logger: Logger
  private var presence: [NodeID: Presence] = [:]
  private var stored: [NodeID: Duration] = [:]
  private var doubles: [NodeID: SecondAgent] = [:]

  /// A second agent that said that it is a node.
  private struct SecondAgent {
    var detail: String
    /// When it was refused last.
    var at: Duration
  }

  /// How long a refused second agent counts as there: it comes back every five minutes.
  private static let doubleLasts = Duration.seconds(900)

  package init(
    nodes: any NodeStore, placements: any PlacementStore, audit: any AuditStore,
    fences: FenceSource, router: CutRouter, closer: AttemptCloser, clock: any CutClock,
    logger: Logger
  ) {
    self.nodes = nodes
    self.placements = placements
    self.audit = audit
    self.fences = fences
    self.router = router
    self.closer = closer
    self.clock = clock
    self.logger = logger
  }

  package func presence(of node: NodeID) -> Presence? { presence[node] }

  /// What is wrong with the node and no agent would tell.
  package func trouble(of node: NodeID) -> String? {
    guard let double = doubles[node], clock.now() - double.at < Self.doubleLasts else { return nil }
    return
      "two agents run as this node: \(double.detail); stop the copy, and enrol it as a node of its own"
  }

  package func agentDoubled(_ node: NodeID, _ detail: String) async {
    let isNews = trouble(of: node) == nil || doubles[node]?.detail != detail
    doubles[node] = SecondAgent(detail: detail, at: clock.now())
    guard isNews else { return }
    do {
      try await audit.audit(
        AuditEntry(
          time: clock.timestamp(), actor: "coordinator", action: "agent.refuse", object: node.text,
          detail: detail))
    } catch {
      // It is refused all the same; the log and the node's troubles have it.
      logger.error(
        "a refused second agent is not in the audit",
        metadata: ["node": "\(node)", "error": "\(error)"])
    }
  }

  package func agentConnected(_ node: NodeID, _ hello: AgentHello) async throws -> UInt64 {
    if try await fences.observe(hello.highestFence) {
      logger.warning(
        "an agent knows a higher fence than this catalog: it was restored from an older one, and its epoch went above",
        metadata: ["node": "\(node)", "highest": "\(hello.highestFence)"])
    }
    try await nodes.connected(node, hello: hello, at: clock.timestamp())
    let applied = try await placements.applied(journal: hello.journal, of: node)
    presence[node] = Presence(
      isConnected: true, heartbeat: nil,
      gate: ObservationGate(journal: hello.journal, applied: applied))
    await closer.nodeConnected(node)
    logger.info("agent connected", metadata: ["node": "\(node)", "version": "\(hello.version)"])
    return applied
  }

  package func agentDisconnected(_ node: NodeID) async {
    presence[node]?.isConnected = false
    logger.info("agent disconnected", metadata: ["node": "\(node)"])
    await store(node)
  }

  package func agentBeat(_ node: NodeID, _ heartbeat: AgentHeartbeat) async {
    presence[node]?.isConnected = true
    presence[node]?.heartbeat = heartbeat
    if let observed = heartbeat.observed { presence[node]?.gate.observed(observed) }
    let now = clock.now()
    guard stored[node].map({ now - $0 >= Self.storeEvery }) ?? true else { return }
    stored[node] = now
    await store(node)
  }

  package func agentRecorded(_ node: NodeID, journal: String, _ records: [PlacementRecord])
    async throws -> UInt64
  {
    let applied = try await placements.apply(records, journal: journal, of: node)
    presence[node]?.gate.applied(journal, through: applied)
    return applied
  }

  package func agentReported(_ node: NodeID, _ report: CutReport) async {
    let isAwaited = await router.deliver(report, from: node)
    await closer.reported(report, from: node, isAwaited: isAwaited)
  }

  private func store(_ node: NodeID) async {
    do {
      try await nodes.seen(node, observed: presence[node]?.gate.proved, at: clock.timestamp())
    } catch {
      // The next heartbeat tries again; until then the catalog knows less, never something wrong.
      logger.error("heartbeat not stored", metadata: ["node": "\(node)", "error": "\(error)"])
    }
  }
}
