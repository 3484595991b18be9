internal import CoordinatorCore
internal import CutProtocol
internal import Model

/// What the objects of a namespace have a say in: what lies in that namespace alone. Operators may give a plan any name, that of a
/// plan of a namespace too, and let it select elsewhere. Objects in the coordinator's own namespace have a say in everything.
struct Tenancy {
  /// The coordinator's own namespace.
  var home: String

  /// Why objects of `namespace` may not take backups by this plan; nil when they may.
  func refusal(of plan: BackupPlan, to namespace: String?) -> OperationError? {
    let selected = plan.services.map { $0.selector.namespace ?? "" }
    return foreign(selected, to: namespace).map { other in
      refusal("plan \(plan.name) selects in \(other)")
    }
  }

  /// Why objects of `namespace` may neither restore nor delete this backup; nil when they may.
  func refusal(of backup: BackupRecord, to namespace: String?) -> OperationError? {
    let plan = backup.plan.plan
    return foreign(plan.members.map(\.namespace), to: namespace).map { other in
      refusal("backup \(plan.backup) has services in \(other)")
    }
  }

  private func foreign(_ namespaces: [String], to own: String?) -> String? {
    guard own != home, let other = namespaces.first(where: { $0 != own }) else { return nil }
    return other.isEmpty ? "every namespace" : "namespace '\(other)'"
  }

  private func refusal(_ reason: String) -> OperationError {
    OperationError(
      .forbidden, "\(reason), in which objects of this namespace have no say",
      hint: "operators can do it by the command line, and objects in namespace \(home)")
  }
}
