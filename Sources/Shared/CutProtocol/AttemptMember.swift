internal import Model

/// What the coordinator knows of one member in the current attempt.
package struct AttemptMember: Hashable, Sendable {
  package enum Phase: String, Hashable, Sendable {
    /// PREPARE was sent. Leads to `prepared`.
    case asked
    /// Leads to `freezing`.
    case prepared
    /// FREEZE was sent. Leads to `frozen`.
    case freezing
    /// FROZEN has arrived. Leads to `certified`.
    case frozen
    case certified
  }

  let plan: MemberPlan
  package internal(set) var phase = Phase.asked
  package internal(set) var preparation: Preparation?
  /// What PREPARED named; a renewal carries it from the freeze order on.
  package internal(set) var hold: HoldID?
  package internal(set) var certificate: HoldCertificate?
  var statement: HoldStatement?
  /// What the member has cut, as soon as it said so.
  var cut: [SnapshotRecord]?

  init(plan: MemberPlan) { self.plan = plan }

  /// The hold that FROZEN has reported to be in force; only such a one may be in a witness.
  package var holdInForce: HoldID? {
    switch phase {
    case .asked, .prepared, .freezing: nil
    case .frozen, .certified: hold
    }
  }
}
