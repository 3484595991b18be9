internal import CutProtocol
internal import Foundation
internal import Model

/// What has to be restored, in which order. Synchronous and deterministic but for new names.
enum RestorePlanner {
  static func steps(
    of backup: BackupRecord, services: [ServiceName], into: String?,
    snapshots: [(node: NodeID, record: SnapshotRecord)]
  ) throws(OperationError) -> [RestoreRecord.Step] {
    let members = backup.plan.plan.members
    try requireServices(services, of: backup)
    let wanted = services.isEmpty ? Set(members.map(\.name)) : Set(services)
    let order = DependencyGraph(
      members.map { MemberPlanLinks(name: $0.name, dependsOn: $0.dependsOn) }
    ).restoreOrder()
    var steps: [RestoreRecord.Step] = []
    for name in order where wanted.contains(name) {
      guard let member = backup.plan.plan.member(name) else { continue }
      for volume in member.volumes {
        if into == nil, let delegate = volume.delegate {
          // Each would be given a volume of its own, and what they shared would be two.
          throw OperationError(
            .conflict,
            "\(volume.containerPath) of \(name) is a volume that it shares (with \(delegate) or through it), which cannot be put back in place service by service",
            hint: "restore it into a directory with --into, or as a claim with --objects")
        }
        let found = snapshots.first { snapshot in
          snapshot.node == member.node && snapshot.record.volume == volume.volume
        }
        guard let found else {
          throw OperationError(
            .conflict, "the backup has no snapshot of \(volume.containerPath) of \(name)",
            hint: "leave it out with --service, if the others are wanted without it")
        }
        steps.append(RestoreRecord.Step(member: name, node: found.node, source: found.record))
      }
    }
    guard !steps.isEmpty else {
      throw OperationError(
        .invalid, "nothing to restore: the services asked for have no volumes in this backup")
    }
    return steps
  }

  static func requireServices(_ services: [ServiceName], of backup: BackupRecord)
    throws(OperationError)
  {
    for service in services where backup.plan.plan.member(service) == nil {
      let known = backup.plan.plan.members.map(\.name.text).joined(separator: ", ")
      throw OperationError(
        .invalid, "backup \(backup.plan.plan.backup) has no service \(service) (it has: \(known))")
    }
  }
}
