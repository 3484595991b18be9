internal import CoordinatorCore
internal import CutProtocol
internal import Model
internal import Synchronization

/// Passes one session's events on, and remembers whether the core was told of the connection.
final class SessionEvents: FleetEvents {
  private let core: any FleetEvents
  private let connected = Mutex(false)

  init(_ core: any FleetEvents) { self.core = core }

  var wasConnected: Bool { connected.withLock { $0 } }

  func agentConnected(_ node: NodeID, _ hello: AgentHello) async throws -> UInt64 {
    // Also when the call fails: the core may have noted the connection before it threw.
    connected.withLock { $0 = true }
    return try await core.agentConnected(node, hello)
  }

  func agentDoubled(_ node: NodeID, _ detail: String) async {
    await core.agentDoubled(node, detail)
  }

  func agentDisconnected(_ node: NodeID) async { await core.agentDisconnected(node) }

  func agentBeat(_ node: NodeID, _ heartbeat: AgentHeartbeat) async {
    await core.agentBeat(node, heartbeat)
  }

  func agentRecorded(_ node: NodeID, journal: String, _ records: [PlacementRecord]) async throws
    -> UInt64
  {
    try await core.agentRecorded(node, journal: journal, records)
  }

  func agentReported(_ node: NodeID, _ report: CutReport) async {
    await core.agentReported(node, report)
  }
}
