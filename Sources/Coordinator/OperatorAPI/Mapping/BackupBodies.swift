internal import CoordinatorCore
internal import CutProtocol
internal import Model
internal import OperatorWire

extension BackupBody {
  init(_ record: BackupRecord, waitsFor: String? = nil) {
    let plan = record.plan.plan
    let state: State =
      record.deletionBegan != nil ? .deleting : record.verdict == nil ? .running : .ended
    self.init(
      id: plan.backup, plan: plan.plan, environment: plan.environment, requires: plan.requires,
      policy: plan.policy, createdAt: plan.createdAt, createdBy: record.createdBy,
      endedAt: record.endedAt, state: state, waitsFor: state == .running ? waitsFor : nil,
      attempts: record.attempts, verdict: record.verdict, meetsPlan: record.meetsPlan,
      members: Self.members(of: record),
      manifests: record.manifests.map(ManifestSummaryBody.init))
  }

  private static func members(of record: BackupRecord) -> [Member] {
    var statements: [ServiceName: HoldStatement] = [:]
    var leftOut: [ServiceName: String] = [:]
    for group in record.groups {
      for certificate in group.certificates {
        // A certificate that cannot be read proves nothing and shows no window; the verdict names it.
        guard let statement = try? certificate.decoded() else { continue }
        statements[statement.member] = statement
      }
      for member in group.leftOut { leftOut[member.member] = member.reason }
    }
    return record.plan.plan.members.map { member in
      let statement = statements[member.name]
      return Member(
        name: member.name, node: member.node, namespace: member.namespace, owner: member.owner,
        group: member.group,
        windowMilliseconds: statement?.steps.window.inMilliseconds,
        snapshots: (statement?.snapshots ?? []).map(Snapshot.init),
        leftOut: leftOut[member.name])
    }
  }
}

extension BackupBody.Snapshot {
  init(_ record: SnapshotRecord) {
    self.init(
      containerPath: record.containerPath, driver: record.volume.driver,
      volume: record.volume.handle, snapshot: record.handle, sizeBytes: record.sizeBytes,
      takenBy: record.takenBy)
  }
}

extension SnapshotStandingBody {
  init(_ standing: SnapshotStanding) {
    let (state, reason): (State, String?) =
      switch standing.presence {
      case .there: (.there, nil)
      case .missing: (.missing, nil)
      case .unknown(let reason): (.unknown, reason)
      }
    self.init(
      member: standing.member, node: standing.node, containerPath: standing.containerPath,
      driver: standing.reference.driver, snapshot: standing.reference.snapshot, state: state,
      reason: reason)
  }
}

extension LogLine {
  init(_ entry: BackupLogEntry) {
    self.init(time: entry.time, member: entry.member, text: entry.text)
  }
}

extension RestoreBody {
  init(_ record: RestoreRecord) {
    let (state, reason): (State, String?) =
      switch record.state {
      case .running: (.running, nil)
      case .completed: (.completed, nil)
      case .failed(let reason): (.failed, reason)
      }
    self.init(
      id: record.id, backup: record.backup, into: record.into, createdBy: record.createdBy,
      createdAt: record.createdAt, endedAt: record.endedAt, state: state, reason: reason,
      steps: record.steps.map { step in
        Step(
          member: step.member, node: step.node, containerPath: step.source.containerPath,
          driver: step.source.volume.driver, snapshot: step.source.handle,
          restored: step.restored)
      }, objects: record.objects.map(ObjectRestoreProgressBody.init))
  }
}
