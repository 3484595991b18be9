internal import CutProtocol
internal import Model

/// What one hold's statement will say, collected while it happens. Times are on the agent's clock.
struct HoldObservation: Sendable {
  var quiesceBegan: Duration?
  var held: Duration?
  var frozenSent: Duration?
  var witnessReceived: Duration?
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

  /// The steps, counted from the first quiesce; nil while one is missing.
  func steps() -> HoldSteps? {
    guard let quiesceBegan, let held, let frozenSent, let witnessReceived, let thawBegan,
      let thawEnded
    else { return nil }
    return HoldSteps(
      quiesceBegan: .zero, held: held - quiesceBegan, frozenSent: frozenSent - quiesceBegan,
      witnessReceived: witnessReceived - quiesceBegan, thawBegan: thawBegan - quiesceBegan,
      thawEnded: thawEnded - quiesceBegan)
  }
}
