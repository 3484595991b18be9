import CutProtocol
import Model

/// What the coordinator keeps on disk; every decision is one transaction, conditional on the writer's epoch.
final class FleetStore {
  struct Begun {
    var fence: Fence
    var backup: BackupID
    var group: Int
    var member: ServiceName
    var isOpen = true
  }

  struct Outcome {
    var backup: BackupID
    var verdict: Verdict
    var groups: [GroupEvidence]
    var epoch: UInt64
    var byRecovery: Bool
  }

  private(set) var epoch: UInt64 = 0
  private(set) var plans: [SealedPlan] = []
  private(set) var begun: [Begun] = []
  private(set) var kept: [(fence: Fence, member: ServiceName, certificate: HoldCertificate)] = []
  private(set) var outcomes: [Outcome] = []
  private(set) var refusals = 0

  func beginEpoch() -> UInt64 {
    epoch += 1
    return epoch
  }

  func raiseEpoch(above other: UInt64) -> UInt64 {
    epoch = max(epoch, other + 1)
    return epoch
  }

  /// An old copy of the catalog took its place, as far as epochs go.
  func loseEpochs(_ count: UInt64) { epoch = epoch > count ? epoch - count : 0 }

  func create(_ plan: SealedPlan) {
    guard !plans.contains(where: { $0.hash == plan.hash }) else { return }
    plans.append(plan)
  }

  /// Refused unless the writer's epoch is current.
  func begin(
    _ fence: Fence, of backup: BackupID, group: Int, members: [ServiceName], epoch writer: UInt64
  ) -> Bool {
    guard writer == epoch else {
      refusals += 1
      return false
    }
    begun += members.map { Begun(fence: fence, backup: backup, group: group, member: $0) }
    return true
  }

  func keep(_ certificate: HoldCertificate, _ fence: Fence, _ member: ServiceName) {
    kept.append((fence, member, certificate))
  }

  /// Refused unless the writer's epoch is current and the backup has no outcome yet.
  func commit(_ outcome: Outcome) -> Bool {
    guard outcome.epoch == epoch, self.outcome(of: outcome.backup) == nil else {
      refusals += 1
      return false
    }
    outcomes.append(outcome)
    return true
  }

  func outcome(of backup: BackupID) -> Outcome? { outcomes.first { $0.backup == backup } }

  func close(_ fence: Fence, _ member: ServiceName) {
    for index in begun.indices where begun[index].fence == fence && begun[index].member == member {
      begun[index].isOpen = false
    }
  }

  func isBegun(_ fence: Fence, _ member: ServiceName) -> Bool {
    begun.contains { $0.fence == fence && $0.member == member }
  }

  /// The newest attempt of one group of a backup.
  func latest(of backup: BackupID, group: Int) -> Fence? {
    begun.filter { $0.backup == backup && $0.group == group }.map(\.fence).max()
  }
}
