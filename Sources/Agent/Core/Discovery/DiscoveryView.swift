package import Model

/// What discovery shows to the rest of the agent, without waiting for the runtime or a disk.
package struct DiscoveryView: Hashable, Sendable {
  /// Which journal the records belong to.
  package var journal: String
  /// The newest record's number.
  package var journalEnd: UInt64
  /// What runs as far as is known, by service and container.
  package var placements: [Placement]
  /// Everything up to here was observed and is in the journal; nil while the runtime cannot be asked or the journal
  /// cannot be written.
  package var observedThrough: Timestamp?
  /// What the coordinator may be told of it; earlier than `observedThrough` by `DiscoverySettings.lag`.
  package var observation: JournalObservation?
  /// What does not work, one sentence each.
  package var troubles: [String]

  package init(
    journal: String, journalEnd: UInt64, placements: [Placement], observedThrough: Timestamp?,
    observation: JournalObservation?, troubles: [String]
  ) {
    self.journal = journal
    self.journalEnd = journalEnd
    self.placements = placements
    self.observedThrough = observedThrough
    self.observation = observation
    self.troubles = troubles
  }
}
