/// Orders every attempt of every cut: a node obeys only fences higher than the highest it has ever accepted.
package struct Fence: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  /// Grows durably at every start of a coordinator.
  package var epoch: UInt64
  /// Counts the cuts of one epoch.
  package var cut: UInt64
  /// Counts the attempts of one cut, from 1.
  package var attempt: UInt32

  package init(epoch: UInt64, cut: UInt64, attempt: UInt32) {
    self.epoch = epoch
    self.cut = cut
    self.attempt = attempt
  }

  /// Below every fence that a coordinator makes.
  package static let none = Fence(epoch: 0, cut: 0, attempt: 0)

  package static func < (left: Fence, right: Fence) -> Bool {
    (left.epoch, left.cut, left.attempt) < (right.epoch, right.cut, right.attempt)
  }

  package var description: String { "\(epoch).\(cut).\(attempt)" }
}

/// Names one hold; never reused, not even after a crash of the node or of its agent.
package struct HoldID: Hashable, Codable, Sendable, CustomStringConvertible {
  /// The kernel's `/proc/sys/kernel/random/boot_id`.
  package var boot: String
  /// Grows durably at every start of the agent.
  package var incarnation: UInt64
  /// Counts the holds of one incarnation, from 1.
  package var counter: UInt64

  package init(boot: String, incarnation: UInt64, counter: UInt64) {
    self.boot = boot
    self.incarnation = incarnation
    self.counter = counter
  }

  package var description: String { "\(boot.prefix(8))-\(incarnation)-\(counter)" }
}
