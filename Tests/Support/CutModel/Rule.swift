/// One rule of the cut, named so that a model can be run without it.
///
/// The machines under test always have all their rules. A model leaves one out by changing what goes into a machine or what
/// comes out of it, or by doing without the rule in the small programs that stand around the machines.
package enum Rule: String, CaseIterable, Sendable {
  // What an agent keeps to.
  case onceForAFence = "a member is frozen once for a fence"
  case neverRevived = "a renewal never makes a member held"
  case lowerFenceRefused = "a lower fence is refused"
  case higherFenceEndsOlder = "a higher fence ends an older hold"
  case olderHoldIsAwaited = "no hold begins while an older one is being released"
  case onlyFreezeFreezes = "abort and query freeze nobody"
  case heldBeforeReported = "a hold is reported once it is in force"
  case witnessAwaited = "a hold ends well only after its witness"
  case snapshotsAwaited = "a hold ends well only after its snapshots were cut"
  case sharedCutAfterAll = "a volume that others share is cut after the witness"
  case sharedCutAwaited = "a hold ends well only after what others cut of its volumes"
  case nameOfTheHold = "a snapshot's name contains fence and hold"
  case certificateIsDurable = "a certificate is stored before it is sent"
  case withdrawnBeforeDeleted = "a certificate is withdrawn before its snapshots are deleted"
  case oneCoordinatorAtATime = "an agent that obeyed a newer coordinator ignores the older one"
  case ownHoldWitnessed = "a witness counts only if it names this very hold"
  case oneWitness = "a second, different witness ends the hold badly"
  case ownHoldRenewed = "a renewal counts only if it names this very hold"
  case capAboveRenewals = "no renewal extends a hold beyond its cap"
  case leaseBeforeEvent = "the lease is judged before the event"
  case leaseEnds = "a hold that is not renewed ends"

  // What a coordinator keeps to.
  case reportsOfThisFence = "only reports of this attempt's fence count"
  case everyHoldReported = "the witness waits for every member's report"
  case attemptIsDurable = "an attempt is stored before its first order"
  case everyCertificate = "evidence needs every member's certificate"
  case noneLeftOutAfterWitness = "nobody is left out after the witness"
  case callersFirst = "a drained member is frozen after its callers"
  case epochCondition = "only the current epoch commits"
  case confirmedByAgents = "recovery counts what agents confirm, not what was stored"
  case confirmedInThisEpoch = "recovery counts only what was said to it"
  case epochRaised = "a stale fence raises the epoch"

  // What a verdict is drawn from.
  case sameVector = "all certificates carry one witness"
  case sameFence = "all certificates are of the committed attempt"
  case samePlan = "all certificates are of this plan"
  case holdEndedByItsThaw = "the thaw must have ended this very hold"
  case tokenUnchanged = "the state token must not have changed"
  case tokenForEachHold = "every hold must have a state token"
  case processUnchanged = "container and process must be the same"
  case lateSnapshotIsAnOrphan = "a snapshot answered after the thaw began does not count"
  case requestedInTheHold = "a snapshot requested before the hold was complete does not count"
  case snapshotOfThisHold = "a snapshot must be named after this hold"
  case sharedRequestedLate = "a shared snapshot requested before the witness does not count"
  case sharedIsSigned = "a shared snapshot counts only if its delegate signed for it"
  case witnessBeforeThaw = "the witness must have arrived before the thaw began"
  case heldBeforeFrozenSent = "the hold must have been complete before it was reported"
  case fidelityStated = "a quiescer must give F1 to F3"
  case drainIsProved = "drained needs the callers' holds in the order to freeze"
}
