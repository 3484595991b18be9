internal import Model

/// Holds back what an agent says it has observed until the records that tell of it are applied.
///
/// After an outage heartbeats arrive at once and the records one batch after the other; until the last one is applied
/// the agent has seen more than the catalog knows.
struct ObservationGate: Hashable, Sendable {
  private let journal: String
  private var applied: UInt64
  /// The oldest observation that is not proved, and the newest. Two are enough for progress while new records keep
  /// coming: once the oldest is proved, the newest takes its place.
  private var oldest: JournalObservation?
  private var newest: JournalObservation?
  /// The newest observation all of whose records are applied; nil before there is one.
  private(set) var proved: JournalObservation?

  /// Begins with a connection that greeted with `journal`, of which everything through `applied` is applied.
  init(journal: String, applied: UInt64) {
    self.journal = journal
    self.applied = applied
  }

  mutating func observed(_ observation: JournalObservation) {
    // A journal that began anew since the connection was greeted; the agent greets again.
    guard observation.journal == journal else { return }
    if oldest == nil { oldest = observation } else { newest = observation }
    advance()
  }

  mutating func applied(_ journal: String, through sequence: UInt64) {
    guard journal == self.journal else { return }
    applied = max(applied, sequence)
    advance()
  }

  private mutating func advance() {
    while let candidate = oldest, candidate.end <= applied {
      // The node's clock may have been set back: what was proved stays proved.
      if proved.map({ $0.through < candidate.through }) ?? true { proved = candidate }
      oldest = newest
      newest = nil
    }
  }
}
