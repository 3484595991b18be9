package import Model
package import CutProtocol

/// What an agent says on its stream.
package enum AgentMessage: Hashable, Sendable {
  /// Comes first and only once.
  case hello(AgentHello, speaks: ProtocolVersions)
  case beat(AgentHeartbeat)
  case report(CutReport)
  case reply(id: UInt64, NodeReply)
  /// In the order of their sequence numbers. One batch at a time: the next one follows the answer `recorded`.
  case records(journal: String, [PlacementRecord])
}

/// What the coordinator says on an agent's stream.
package enum CoordinatorMessage: Hashable, Sendable {
  /// Comes first and only once, unless `farewell` comes instead.
  case welcome(Welcome)
  case beat
  case order(CutOrder)
  case request(id: UInt64, NodeRequest)
  /// Placement records up to here are stored; the first one tells where to go on after a reconnection.
  case recorded(through: UInt64)
  /// Comes last.
  case farewell(Farewell)
}

package struct Welcome: Hashable, Sendable {
  package var `protocol`: UInt32
  /// The coordinator's own version, for messages.
  package var version: String
  /// How often each side speaks at least.
  package var beatInterval: Duration
  /// After which silence either side gives the other up.
  package var deadAfter: Duration

  package init(
    protocol: UInt32, version: String, beatInterval: Duration, deadAfter: Duration
  ) {
    self.protocol = `protocol`
    self.version = version
    self.beatInterval = beatInterval
    self.deadAfter = deadAfter
  }
}

/// Why the coordinator ends a stream.
package struct Farewell: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Reason: String, CaseIterable, Hashable, Sendable {
    /// No common version of the protocol.
    case incompatible
    case revoked
    /// Another connection of the same node is newer.
    case replaced
    /// The node's certificate expired, or it is not the one that enrolled.
    case identity
    /// The agent sent what the protocol does not allow.
    case violation
    /// The agent does not read fast enough.
    case overloaded
    /// The coordinator ends, or cannot serve this agent now.
    case unavailable
  }

  package var reason: Reason
  package var message: String

  package init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  package var description: String { message }
}

/// The versions of the fleet protocol that one side speaks, both included.
package struct ProtocolVersions: Hashable, Sendable, CustomStringConvertible {
  package var oldest: UInt32
  package var newest: UInt32

  package init(oldest: UInt32, newest: UInt32) {
    self.oldest = oldest
    self.newest = newest
  }

  /// What this build speaks. A peer of version 2 neither says who speaks nor to whom, so that nothing could be refused; one of
  /// version 3 runs no restore hooks.
  package static let current = ProtocolVersions(oldest: 3, newest: 4)

  /// The newest version that both sides speak.
  package func common(with other: ProtocolVersions) -> UInt32? {
    let candidate = min(newest, other.newest)
    return candidate >= max(oldest, other.oldest) ? candidate : nil
  }

  package var description: String { oldest == newest ? "\(oldest)" : "\(oldest) to \(newest)" }
}
