package import Foundation
package import Model

/// Everything that a stranger needs to judge a backup: the plan's bytes, the certificates, the fleet's authority.
///
/// This is what `backup show -o json` exports and `backup verify --file` reads.
package struct BackupEvidence: Hashable, Codable, Sendable {
  package static let currentVersion = 1

  package var version: Int = currentVersion
  /// The sealed plan, byte for byte.
  package var plan: Data
  package var groups: [GroupEvidence]
  /// The fleet's authority certificates, DER. Whoever verifies compares their fingerprint with one known from elsewhere.
  package var authorities: [Data]
  /// What the coordinator concluded when it committed; a verifier draws its own conclusion.
  package var recorded: Verdict?
  /// Who asked for the backup and when it ended, as the coordinator noted it; absent while the cut runs. Nothing rests on them.
  package var createdBy: String?
  package var endedAt: Timestamp?

  package init(
    plan: Data, groups: [GroupEvidence], authorities: [Data], recorded: Verdict?,
    createdBy: String? = nil, endedAt: Timestamp? = nil
  ) {
    self.plan = plan
    self.groups = groups
    self.authorities = authorities
    self.recorded = recorded
    self.createdBy = createdBy
    self.endedAt = endedAt
  }
}

/// The evidence of one group of members that was cut together.
package struct GroupEvidence: Hashable, Codable, Sendable {
  /// As in `MemberPlan.group`.
  package var group: Int
  /// The attempt that was committed.
  package var fence: Fence
  package var certificates: [HoldCertificate]
  package var leftOut: [LeftOut]

  package init(group: Int, fence: Fence, certificates: [HoldCertificate], leftOut: [LeftOut] = []) {
    self.group = group
    self.fence = fence
    self.certificates = certificates
    self.leftOut = leftOut
  }
}
