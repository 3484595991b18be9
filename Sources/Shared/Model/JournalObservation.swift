/// How far a node was watched, and which records tell what was seen there.
///
/// Whoever reads the journal may call the node known up to `through` only once it has the records: until then some of
/// them may still be on their way.
package struct JournalObservation: Hashable, Sendable {
  /// Everything up to here was observed, by the node's wall clock.
  package var through: Timestamp
  package var journal: String
  /// The journal tells all of it with its records up to and with this number.
  package var end: UInt64

  package init(through: Timestamp, journal: String, end: UInt64) {
    self.through = through
    self.journal = journal
    self.end = end
  }
}
