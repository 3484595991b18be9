package import CutProtocol
package import Model

/// The way to the agents.
package protocol AgentGateway: Sendable {
  /// Queues an order on the node's open stream. No retry here: the cut's state machine repeats what it must.
  func send(_ order: CutOrder, to node: NodeID) async throws(GatewayError)
  /// Sends a request and waits for its reply, at most `timeout`.
  func request(_ request: NodeRequest, to node: NodeID, timeout: Duration)
    async throws(GatewayError) -> NodeReply
  /// The nodes with an open, authorised stream.
  func connected() async -> Set<NodeID>
  /// Ends the node's stream; used after a revocation.
  func disconnect(_ node: NodeID) async
}

package struct GatewayError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    case notConnected = "not-connected"
    /// The node went away before it replied: what was asked may have been done.
    case lost
    case timedOut = "timed-out"
    /// The node's bounded queue is full; its stream was closed.
    case overloaded
    /// The message is above what the wire takes; sending it again cannot help.
    case tooLarge = "too-large"
    /// The agent is too old for the request.
    case unsupported
  }

  package var code: Code
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}

/// What the fleet server tells the core. Every call comes from a peer whose certificate was just checked against the node.
package protocol FleetEvents: Sendable {
  /// A stream is open; the answer is the newest journal record already applied, after which the agent resumes.
  func agentConnected(_ node: NodeID, _ hello: AgentHello) async throws -> UInt64
  func agentDisconnected(_ node: NodeID) async
  /// A second agent said that it is this node while the first one is connected, and was refused. `detail` tells both apart.
  func agentDoubled(_ node: NodeID, _ detail: String) async
  func agentBeat(_ node: NodeID, _ heartbeat: AgentHeartbeat) async
  /// Stores the records durably and returns the newest applied sequence number, which is then acknowledged.
  func agentRecorded(_ node: NodeID, journal: String, _ records: [PlacementRecord]) async throws
    -> UInt64
  func agentReported(_ node: NodeID, _ report: CutReport) async
}
