package import Model

/// A change and when it happened, before the journal has given it a number.
package struct TimedChange: Hashable, Sendable {
  package var time: Timestamp
  package var change: PlacementChange

  package init(_ change: PlacementChange, at time: Timestamp) {
    self.time = time
    self.change = change
  }
}
