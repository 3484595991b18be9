internal import CutProtocol
internal import Model

/// What one hold's statement will say, collected while it happens. Times are on the agent's clock.
struct HoldObservation: Sendable {
  /// The freeze order was taken in: the steps' origin.
  var ordered: Duration?
  /// The guardian was armed, and the first hold was begun.
  var quiesceBegan: Duration?
  var held: Duration?
  var frozenSent: Duration?
  var witnessReceived: Duration?
  /// The coordinator's notice of what was cut of shared volumes had arrived.
  var noticeReceived: Duration?
  var thawBegan: Duration?
  var thawEnded: Duration?
  var heldAt: Timestamp?
  var process: ProcessIdentity?
  var fidelity = Fidelity.none
  var tokensAtHold: [StateToken] = []
  var tokensBeforeThaw: [StateToken] = []
  var processBeforeThaw: ProcessIdentity?
  var snapshots: [SnapshotRecord] = []
  var thaw: ThawEvidence?

  /// What others took of this member's volumes, in its own times: after it had said that it was held, and before it was told.
  func shared(_ notice: [SnapshotRecord]) -> [SnapshotRecord] {
    guard let ordered, let frozenSent, let noticeReceived else { return [] }
    return notice.map { record in
      var record = record
      record.requested = Elapsed(frozenSent - ordered)
      record.acknowledged = Elapsed(noticeReceived - ordered)
      return record
    }
  }

  /// The steps, counted from the freeze order; nil while one is missing.
  func steps() -> HoldSteps? {
    guard let ordered, let quiesceBegan, let held, let frozenSent, let witnessReceived,
      let thawBegan,
      let thawEnded
    else { return nil }
    return HoldSteps(
      quiesceBegan: quiesceBegan - ordered, held: held - ordered,
      frozenSent: frozenSent - ordered, witnessReceived: witnessReceived - ordered,
      thawBegan: thawBegan - ordered, thawEnded: thawEnded - ordered)
  }
}
