package import CutProtocol
internal import Model

/// Which members of a backup each workload among its objects made. The one place that decides it.
package struct WorkloadMembers: Sendable {
  /// What the answer rests on.
  package enum Ground: Hashable, Sendable {
    /// What the cluster had said of the member's pod when the cut was planned, which is in the backup.
    case owner
    /// The pod's name. The backup says nothing else: it is of an older version, or the cluster had told nothing yet.
    case podName
  }

  package struct Match: Hashable, Sendable {
    package var member: MemberPlan
    package var ground: Ground
  }

  private let members: [MemberPlan]

  /// `members` in the order in which they are restored.
  package init(_ members: [MemberPlan]) { self.members = members }

  /// All of them, in the order of the members: two containers of one pod may be two of them.
  package func all(of workload: BackupManifest) -> [Match] {
    members.compactMap { member in
      guard member.namespace == workload.namespace else { return nil }
      if let owner = member.owner {
        guard owner == "\(workload.kind)/\(workload.name)" else { return nil }
        return Match(member: member, ground: .owner)
      }
      return Self.isNamed(member.pod, by: workload)
        ? Match(member: member, ground: .podName) : nil
    }
  }

  /// The one with which the workload is started.
  package func first(of workload: BackupManifest) -> Match? { all(of: workload).first }

  /// Whether the workload gives its pods such names: `web-0`, `web-7d4b9c-x2x5z`, `web-x2x5z`.
  private static func isNamed(_ pod: String, by workload: BackupManifest) -> Bool {
    let suffixes =
      switch workload.resource {
      case "pods": 0
      case "deployments.apps", "cronjobs.batch": 2
      default: 1
      }
    let parts = pod.split(separator: "-", omittingEmptySubsequences: false)
    return parts.count > suffixes
      && parts.dropLast(suffixes).joined(separator: "-") == workload.name
  }
}
