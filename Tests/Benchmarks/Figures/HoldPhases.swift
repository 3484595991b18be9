internal import CutProtocol
internal import Model

/// Where one member's window went, by the steps that its agent signed.
struct HoldPhases: Sendable {
  /// From the freeze order to the first quiesce: the intent is written down, the guardian is armed.
  var arming: Duration
  /// From there to the last hold in force.
  var quiesce: Duration
  /// From there to FROZEN handed to the link: state tokens are sampled.
  var report: Duration
  /// From FROZEN to WITNESS: the slowest member, and the way to the coordinator and back.
  var witness: Duration
  /// From the snapshot's request to its answer; at the same time as the two above.
  var snapshot: Duration
  /// From the later of witness and snapshot to the first release: tokens are sampled again.
  var evidence: Duration
  var thaw: Duration

  init(_ statement: HoldStatement) {
    let steps = statement.steps
    let requested = statement.snapshots.map(\.requested.duration).min() ?? steps.held.duration
    let answered = statement.snapshots.map(\.acknowledged.duration).max() ?? steps.held.duration
    arming = steps.quiesceBegan.duration
    quiesce = steps.held.duration - steps.quiesceBegan.duration
    report = steps.frozenSent.duration - steps.held.duration
    witness = steps.witnessReceived.duration - steps.frozenSent.duration
    snapshot = answered - requested
    evidence = steps.thawBegan.duration - max(steps.witnessReceived.duration, answered)
    thaw = steps.thawEnded.duration - steps.thawBegan.duration
  }

  static let all: [(name: String, value: @Sendable (HoldPhases) -> Duration)] = [
    ("order to quiesce", { $0.arming }), ("quiesce", { $0.quiesce }),
    ("tokens, FROZEN sent", { $0.report }),
    ("FROZEN to WITNESS", { $0.witness }), ("snapshot", { $0.snapshot }),
    ("tokens before thaw", { $0.evidence }), ("thaw", { $0.thaw }),
  ]
}
