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
  package internal(set) var hold: HoldID?
  package internal(set) var certificate: HoldCertificate?
  var statement: HoldStatement?

  init(plan: MemberPlan) { self.plan = plan }
}
