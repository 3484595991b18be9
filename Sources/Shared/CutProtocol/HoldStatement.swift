package import Model

/// Everything that an agent saw of one hold; signed after the thaw, it is the member's certificate.
///
/// Moments are on the agent's monotonic clock, counted from the start of the hold's freeze order; no clocks of
/// two machines are ever compared.
package struct HoldStatement: Hashable, Codable, Sendable {
  package static let currentVersion = 1

  package var version: Int = currentVersion
  package var fleet: FleetID
  package var backup: BackupID
  package var planHash: String
  package var fence: Fence
  package var node: NodeID
  package var member: ServiceName
  package var hold: HoldID
  /// The callers' holds that were in force before this one was ordered; empty unless the cut drained.
  package var heldAfter: WitnessVector
  package var witness: WitnessVector
  package var steps: HoldSteps
  /// What the holds of the member give together.
  package var fidelity: Fidelity
  package var tokensAtHold: [StateToken]
  package var tokensBeforeThaw: [StateToken]
  /// The container and its first process, before the hold and at the thaw.
  package var processAtHold: ProcessIdentity
  package var processBeforeThaw: ProcessIdentity?
  package var snapshots: [SnapshotRecord]
  /// What a delegate took of volumes that are other members' alone; nil where it took nothing of the kind.
  package var snapshotsForOthers: [SnapshotRecord]?
  package var thaw: ThawEvidence
  /// By the node's wall clock, when the hold was complete; for people.
  package var heldAt: Timestamp

  package init(
    fleet: FleetID, backup: BackupID, planHash: String, fence: Fence, node: NodeID,
    member: ServiceName, hold: HoldID, heldAfter: WitnessVector, witness: WitnessVector,
    steps: HoldSteps,
    fidelity: Fidelity, tokensAtHold: [StateToken], tokensBeforeThaw: [StateToken],
    processAtHold: ProcessIdentity, processBeforeThaw: ProcessIdentity?,
    snapshots: [SnapshotRecord], snapshotsForOthers: [SnapshotRecord]? = nil, thaw: ThawEvidence,
    heldAt: Timestamp
  ) {
    self.fleet = fleet
    self.backup = backup
    self.planHash = planHash
    self.fence = fence
    self.node = node
    self.member = member
    self.hold = hold
    self.heldAfter = heldAfter
    self.witness = witness
    self.steps = steps
    self.fidelity = fidelity
    self.tokensAtHold = tokensAtHold
    self.tokensBeforeThaw = tokensBeforeThaw
    self.processAtHold = processAtHold
    self.processBeforeThaw = processBeforeThaw
    self.snapshots = snapshots
    self.snapshotsForOthers = snapshotsForOthers
    self.thaw = thaw
    self.heldAt = heldAt
  }
}

extension HoldStatement {
  /// Nothing broke the hold: it was in force until its thaw, and neither state nor process changed in it.
  package var isIntact: Bool {
    thaw.endedThisHold && thaw.cause == .complete && tokensAtHold == tokensBeforeThaw
      && processBeforeThaw == processAtHold
  }
}

/// The agent's own order of one hold, in time since the freeze order arrived. Section 5 of `docs/protocol.md` names them f, a, w, t.
package struct HoldSteps: Hashable, Codable, Sendable {
  /// The guardian was armed and the first hold was begun: from here on the application may feel it.
  package var quiesceBegan: Elapsed
  /// f: every hold of the member was in force.
  package var held: Elapsed
  /// a: FROZEN was handed to the link.
  package var frozenSent: Elapsed
  /// w: WITNESS had arrived.
  package var witnessReceived: Elapsed
  /// t: the first release was begun.
  package var thawBegan: Elapsed
  package var thawEnded: Elapsed

  package init(
    quiesceBegan: Duration, held: Duration, frozenSent: Duration, witnessReceived: Duration,
    thawBegan: Duration, thawEnded: Duration
  ) {
    self.quiesceBegan = Elapsed(quiesceBegan)
    self.held = Elapsed(held)
    self.frozenSent = Elapsed(frozenSent)
    self.witnessReceived = Elapsed(witnessReceived)
    self.thawBegan = Elapsed(thawBegan)
    self.thawEnded = Elapsed(thawEnded)
  }

  /// How long the application was held: from the first quiesce to the end of the thaw.
  package var window: Duration { thawEnded.duration - quiesceBegan.duration }
}

/// Tells a container's first process from another that took its place.
package struct ProcessIdentity: Hashable, Codable, Sendable {
  package var container: ContainerID
  package var pid: Int32
  /// Field 22 of `/proc/PID/stat` (proc(5)): clock ticks after boot.
  package var startTicks: UInt64

  package init(container: ContainerID, pid: Int32, startTicks: UInt64) {
    self.container = container
    self.pid = pid
    self.startTicks = startTicks
  }
}

/// What the thaw found.
package struct ThawEvidence: Hashable, Codable, Sendable {
  /// Every release ended this very hold: nothing had thawed before, nothing had expired.
  package var endedThisHold: Bool
  /// Why the hold ended.
  package var cause: ThawCause
  /// What was found where `endedThisHold` is false, one sentence per hold.
  package var findings: [String]

  package init(endedThisHold: Bool, cause: ThawCause, findings: [String] = []) {
    self.endedThisHold = endedThisHold
    self.cause = cause
    self.findings = findings
  }
}

package enum ThawCause: String, Hashable, Codable, Sendable {
  /// Witness and all snapshots were there.
  case complete
  case leaseExpired = "lease-expired"
  case capReached = "cap-reached"
  /// The coordinator ordered it, or a higher fence replaced the hold.
  case aborted
  /// A quiescer, a snapshot, the guardian or the container failed.
  case failed
}
