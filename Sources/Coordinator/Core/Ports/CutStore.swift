package import CutProtocol
package import Model

/// Cuts while they happen. Every call is durable when it returns.
package protocol CutStore: Sendable {
  /// Stores the plan of a cut before its first message.
  func create(_ plan: SealedPlan, by author: String) async throws(CatalogError)
  /// Stores an attempt before its first message, with the members it will ask: each stays *open* until it is
  /// settled or known to have ended. Refused unless `fence.epoch` is the current epoch.
  func begin(_ fence: Fence, of backup: BackupID, group: Int, members: [ServiceName])
    async throws(CatalogError)
  /// Keeps a certificate that arrived. Storing the same one again changes nothing.
  func keep(_ certificate: HoldCertificate, fence: Fence, member: ServiceName)
    async throws(CatalogError)
  /// Ends the cut in one transaction: verdict, evidence, snapshots. Refused unless `epoch` is the current one
  /// and the backup has no outcome yet.
  func commit(_ outcome: CutOutcome, epoch: UInt64) async throws(CatalogError)
  /// Marks an attempt's member as closed: its agent has nothing left of it.
  func close(_ fence: Fence, member: ServiceName) async throws(CatalogError)
  /// What is not closed: cuts without an outcome, and members that must still be settled or aborted.
  func unfinished() async throws(CatalogError) -> UnfinishedWork
}

/// How a cut ended.
package struct CutOutcome: Hashable, Sendable {
  package var backup: BackupID
  package var verdict: Verdict
  /// Empty when no attempt came far enough to have any.
  package var groups: [GroupEvidence]
  package var endedAt: Timestamp

  package init(
    backup: BackupID, verdict: Verdict, groups: [GroupEvidence], endedAt: Timestamp
  ) {
    self.backup = backup
    self.verdict = verdict
    self.groups = groups
    self.endedAt = endedAt
  }
}

package struct UnfinishedWork: Hashable, Sendable {
  /// An attempt whose member has not been closed. `committed` tells whether the attempt belongs to the backup's outcome.
  package struct OpenMember: Hashable, Sendable {
    package var backup: BackupID
    package var fence: Fence
    package var group: Int
    package var member: ServiceName
    package var node: NodeID
    package var committed: Bool
    package var certificate: HoldCertificate?

    package init(
      backup: BackupID, fence: Fence, group: Int, member: ServiceName, node: NodeID,
      committed: Bool, certificate: HoldCertificate?
    ) {
      self.backup = backup
      self.fence = fence
      self.group = group
      self.member = member
      self.node = node
      self.committed = committed
      self.certificate = certificate
    }
  }

  /// Plans of cuts that have begun and have no outcome.
  package var begun: [SealedPlan]
  /// Plans of cuts of which no attempt has begun, in the order in which they were stored: nobody was ever asked anything.
  package var notBegun: [SealedPlan]
  package var members: [OpenMember]

  package init(begun: [SealedPlan], notBegun: [SealedPlan], members: [OpenMember]) {
    self.begun = begun
    self.notBegun = notBegun
    self.members = members
  }
}
