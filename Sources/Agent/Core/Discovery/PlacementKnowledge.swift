package import Model

/// What a node's records add up to. Both the tracker and the journal's replay are built on this one fold, so they
/// cannot disagree.
package struct PlacementKnowledge: Hashable, Sendable {
  /// What runs, as far as is known.
  package private(set) var running: [ContainerID: Placement]
  /// Containers whose interval has ended, with its end: an exited container stays in the runtime's listings, and must
  /// not begin a second interval there.
  package private(set) var closed: [ContainerID: Timestamp]

  package init(
    running: [ContainerID: Placement] = [:], closed: [ContainerID: Timestamp] = [:]
  ) {
    self.running = running
    self.closed = closed
  }

  package mutating func apply(_ change: TimedChange) {
    switch change.change {
    case .started(let placement):
      closed[placement.container] = nil
      running[placement.container] = placement
    case .updated(let placement):
      running[placement.container] = placement
    case .ended(let container, _):
      running[container] = nil
      closed[container] = change.time
    case .unseen:
      break
    }
  }

  /// How many ended containers are remembered beyond twice those that the runtime lists.
  package static let closedSlack = 1024

  /// Forgets ended containers that the runtime does not list any more, once there are too many of them.
  package mutating func prune(listed: Set<ContainerID>) {
    guard closed.count > 2 * listed.count + Self.closedSlack else { return }
    closed = closed.filter { listed.contains($0.key) }
  }
}
