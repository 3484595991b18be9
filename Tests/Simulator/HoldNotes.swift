import CutProtocol
import Model

/// What a simulated agent writes down of one hold for its statement; moments on the node's clock.
struct HoldNotes {
  var quiesceBegan = Duration.zero
  var held = Duration.zero
  var frozenSent: Duration?
  var witnessReceived = Duration.zero
  var thawBegan = Duration.zero
  var thawEnded = Duration.zero
  var tokensAtHold: [StateToken] = []
  var tokensBeforeThaw: [StateToken] = []
  var processAtHold: ProcessIdentity?
  var processBeforeThaw: ProcessIdentity?
  var snapshots: [SnapshotRecord] = []
  var thaw = ThawEvidence(endedThisHold: false, cause: .failed)

  var steps: HoldSteps {
    HoldSteps(
      quiesceBegan: .zero, held: held - quiesceBegan,
      frozenSent: (frozenSent ?? quiesceBegan) - quiesceBegan,
      witnessReceived: witnessReceived - quiesceBegan, thawBegan: thawBegan - quiesceBegan,
      thawEnded: thawEnded - quiesceBegan)
  }
}

/// One attempt of one member in a simulated agent's memory.
final class NodeAttempt {
  let fence: Fence
  let member: MemberPlan
  let service: Int
  let sealed: SealedPlan
  let hold: HoldID
  var machine: MemberHold
  var notes = HoldNotes()
  /// A release was ordered: a hold that is still being taken must not come into force.
  var isReleased = false
  var cutsUnderWay = 0
  /// The deadline that renewals have really earned, computed apart from the machine.
  var earned: HoldLease?

  init(
    fence: Fence, member: MemberPlan, service: Int, sealed: SealedPlan, hold: HoldID,
    machine: MemberHold
  ) {
    self.fence = fence
    self.member = member
    self.service = service
    self.sealed = sealed
    self.hold = hold
    self.machine = machine
  }

  var name: SnapshotName {
    SnapshotName(fence: fence, member: member.name, hold: hold, backup: sealed.plan.backup)
  }

  var isActive: Bool {
    switch machine.state {
    case .preparing, .prepared, .freezing, .held, .thawing: true
    case .certifying, .certified, .ended: false
    }
  }
}
