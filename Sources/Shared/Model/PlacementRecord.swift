/// One entry of an agent's journal: what changed on its node, in the order in which the agent saw it.
package struct PlacementRecord: Hashable, Codable, Sendable {
  /// Counts from 1 without holes for as long as the journal lives; makes delivery apply exactly once.
  package var sequence: UInt64
  /// When it happened by the node's wall clock.
  package var time: Timestamp
  package var change: PlacementChange

  package init(sequence: UInt64, time: Timestamp, change: PlacementChange) {
    self.sequence = sequence
    self.time = time
    self.change = change
  }
}

package enum PlacementChange: Hashable, Codable, Sendable {
  /// The container runs since the record's time (its own start, not the moment it was noticed).
  case started(Placement)
  /// A running container's details became known or changed (labels, mounts, PID); same container ID.
  case updated(Placement)
  /// The container stopped at the record's time.
  case ended(ContainerID, EndReason)
  /// Nobody watched this node from `since` to the record's time; what started and ended in between is not known.
  ///
  /// A container that is still there afterwards under the same ID kept running: its interval goes on. The first record
  /// of every journal is one since 1970: a reader that knows the node from an earlier journal begins the gap where that
  /// one ended, and ends as `vanished` what the new journal does not start again.
  case unseen(since: Timestamp)
}

/// Why a placement's interval ended.
package enum EndReason: Hashable, Codable, Sendable {
  case exited(code: Int32)
  case outOfMemory
  /// Removed before its exit could be observed; the record's time is the moment at which it was found missing.
  case removed
  /// Gone after a time in which nobody watched. The record's time is the gap's begin, the last moment at which it was
  /// known to run; the end lies somewhere in the gap, whose record comes before this one.
  case vanished
  /// The node started anew; the record's time is the last moment at which the container was known to run.
  case rebooted

  /// For tables and messages.
  package var text: String {
    switch self {
    case .exited(let code): "exited \(code)"
    case .outOfMemory: "out of memory"
    case .removed: "removed"
    case .vanished: "vanished while unseen"
    case .rebooted: "node rebooted"
    }
  }
}
