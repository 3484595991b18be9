internal import Model

/// Who keeps a plan, so that nobody changes what another one keeps.
///
/// Written as the author of the plan's revisions. No operator's name has a slash.
package enum PlanOwner: Hashable, Sendable, CustomStringConvertible {
  /// Operators, by the command line or the API.
  case operators
  /// An object of a cluster, which the plan follows.
  case object(namespace: String, name: String)
  /// The annotations of a namespace's pods, to which the namespace consents.
  case annotations(namespace: String)

  private static let prefix = "kubernetes/"

  package init(author: String) {
    let parts = author.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    self =
      switch parts.count {
      case 3 where author.hasPrefix(Self.prefix): .object(namespace: parts[1], name: parts[2])
      case 2 where author.hasPrefix(Self.prefix): .annotations(namespace: parts[1])
      default: .operators
      }
  }

  /// The author that an object's changes carry.
  package static func author(namespace: String, name: String) -> String {
    "\(prefix)\(namespace)/\(name)"
  }

  /// The author that changes carry which follow the annotations of a namespace's pods.
  package static func author(annotationsOf namespace: String) -> String { prefix + namespace }

  package var description: String {
    switch self {
    case .operators: "the operators"
    case .object(let namespace, let name): "BackupPlan \(name) in namespace \(namespace)"
    case .annotations(let namespace): "the annotated pods of namespace \(namespace)"
    }
  }

  /// Refuses a change by `author` of what somebody else keeps.
  static func check(_ record: PlanRecord, author: String) throws(OperationError) {
    let owner = PlanOwner(author: record.appliedBy)
    guard owner != PlanOwner(author: author) else { return }
    let hint =
      switch owner {
      case .operators:
        "delete the plan with 'stillpoint plan delete \(record.plan.name)' to hand it over; its backups stay"
      case .object(let namespace, let name):
        "change or delete it there: kubectl -n \(namespace) edit backupplan \(name)"
      case .annotations(let namespace):
        "it follows them as long as the namespace consents; to end that: "
          + "kubectl annotate namespace \(namespace) stillpoint.dev/import-hooks-"
      }
    let keeper =
      owner == .operators
      ? "was applied by \(record.appliedBy) with the command line" : "belongs to \(owner)"
    throw OperationError(.conflict, "plan \(record.plan.name) \(keeper)", hint: hint)
  }
}
