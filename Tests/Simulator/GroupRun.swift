import CutProtocol
import Model

/// One group of one backup in a simulated coordinator's memory: its machine, or what recovery has found out so far.
final class GroupRun {
  enum Part {
    case machine(CoordinatorCut)
    /// Certificates that agents still stand by, by member; an attempt that is being settled by evidence alone.
    case recovery(fence: Fence, answers: [ServiceName: HoldCertificate], until: Duration)
  }

  let backup: BackupID
  let sealed: SealedPlan
  let group: Int
  var part: Part
  /// Actions that wait for the one before them to be durable.
  var queue: [CoordinatorCut.Action] = []
  var isBlocked = false
  var result: CoordinatorCut.Result?

  init(backup: BackupID, sealed: SealedPlan, group: Int, part: Part) {
    self.backup = backup
    self.sealed = sealed
    self.group = group
    self.part = part
  }

  var fence: Fence {
    switch part {
    case .machine(let machine): machine.fence
    case .recovery(let fence, _, _): fence
    }
  }

  var members: [ServiceName] { sealed.plan.members.filter { $0.group == group }.map(\.name) }
}
