package import CutProtocol

/// Where it is written what is held, for the case that agent and guardian both go away. Blocks no longer than memory does.
package protocol HoldRecords: Sendable {
  /// Stores the record; called before anything latched is taken. Fails when it cannot be kept.
  func write(_ record: HoldRecord) throws(Refusal)
  /// Forgets the record; called after the thaw. A record that is not there is forgotten already.
  func remove(_ hold: HoldID) throws(Refusal)
}
