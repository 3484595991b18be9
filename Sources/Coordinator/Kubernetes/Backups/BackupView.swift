internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model
internal import PlanFile

/// What a Backup object asks for, and what was written into it.
struct BackupView {
  enum Phase: String {
    case pending = "Pending"
    case running = "Running"
    case completed = "Completed"
    case failed = "Failed"
    case deleting = "Deleting"
  }

  var object: KubernetesObject

  init(_ object: KubernetesObject) { self.object = object }

  var plan: String { object["spec", "plan"]?.string ?? "" }
  var retains: Bool { object["spec", "deletionPolicy"]?.string == "Retain" }
  /// Whether it shows a backup that was asked for elsewhere.
  var isMirror: Bool { object.labels[Mark.origin] == Mark.fleet }
  var isDeleted: Bool { object.deletionTimestamp != nil }
  var hasFinalizer: Bool { object.finalizers.contains(Mark.finalizer) }
  var phase: Phase? { object["status", "phase"]?.string.flatMap(Phase.init) }
  var request: RequestID? { object.uid.flatMap { try? RequestID($0) } }
  /// Nil where the two make no name of a plan.
  var planName: PlanName? { Self.planName(plan, in: object.namespace) }
  /// Who asks, in the audit.
  var author: String { Self.author(object.key) }

  static func author(_ key: ObjectKey) -> String {
    PlanOwner.author(namespace: key.namespace ?? "", name: key.name)
  }

  /// The object that shows a backup which was not asked for by one.
  static func mirror(of record: BackupRecord, in key: ObjectKey) -> KubernetesObject {
    KubernetesObject(
      .backups, name: record.plan.plan.backup.text, namespace: key.namespace,
      labels: [Mark.origin: Mark.fleet],
      fields: ["spec": ["plan": .string(key.name), "deletionPolicy": "Delete"]])
  }
}

extension BackupView {
  static func planName(_ plan: String, in namespace: String?) -> PlanName? {
    guard !plan.isEmpty, let namespace else { return nil }
    // No name, no plan: the status says so.
    return try? PlanName(PlanFile.name(plan, in: namespace))
  }
}
