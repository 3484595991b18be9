internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model

/// What becomes of a Restore. Without I/O: the shell does what is decided here.
struct RestoreController {
  /// The coordinator's own namespace, whose restores may name directories of the nodes.
  var home: String

  struct Knowledge {
    /// The backup that the object names, when its plan is one of the object's namespace.
    var backup: BackupID?
    var record: RestoreRecord?
    /// Why the restore could not be started, when that was just tried.
    var refusal: OperationError?
  }

  enum Action: Equatable {
    case start(RestoreRequest, RestoreID)
    case report(RestoreReport)
  }

  /// A restore's name follows from its object's, so that no crash makes two of one.
  static func id(of object: KubernetesObject) -> RestoreID? {
    object.uid.flatMap { try? RestoreID("restore-\($0)") }
  }

  func decide(_ object: KubernetesObject, _ known: Knowledge) -> [Action] {
    if let record = known.record { return [.report(.of(record))] }
    guard object.deletionTimestamp == nil, object["status", "phase"]?.string != "Failed" else {
      return []
    }
    let name = object["spec", "backup"]?.string ?? ""
    guard let id = Self.id(of: object) else { return [] }
    let into = object["spec", "into"]?.string
    guard into == nil || object.namespace == home else {
      return [
        .report(
          .failed(
            "Forbidden",
            "spec.into: directories of the nodes are named only in the coordinator's namespace, \(home)"
          ))
      ]
    }
    guard let backup = known.backup else {
      return [
        .report(.failed("NoBackup", "spec.backup: there is no Backup '\(name)' to restore here"))
      ]
    }
    var services: [ServiceName] = []
    for (index, value) in (object["spec", "services"]?.array ?? []).enumerated() {
      do throws(InvalidIdentifier) {
        services.append(try ServiceName(value.string ?? ""))
      } catch {
        return [.report(.failed("Invalid", "spec.services[\(index)]: \(error)"))]
      }
    }
    guard let refusal = known.refusal else {
      let accept = object["spec", "acceptUnproven"]?.bool ?? false
      return [
        .start(
          RestoreRequest(backup: backup, services: services, into: into, acceptUnproven: accept),
          id)
      ]
    }
    return [
      .report(
        refusal.code == .unavailable
          ? .pending(refusal.description) : .failed("Refused", refusal.description))
    ]
  }
}

/// What a Restore's status says.
struct RestoreReport: Equatable {
  var phase: String
  var reason: String
  var message: String
  var restore: RestoreID?
  var endedAt: Timestamp?

  static func failed(_ reason: String, _ message: String) -> RestoreReport {
    RestoreReport(phase: "Failed", reason: reason, message: message)
  }

  static func pending(_ message: String) -> RestoreReport {
    RestoreReport(phase: "Pending", reason: "Waiting", message: message)
  }

  static func of(_ record: RestoreRecord) -> RestoreReport {
    let done = record.steps.count { $0.restored != nil }
    let volumes = record.steps.count == 1 ? "volume" : "volumes"
    var report = RestoreReport(
      phase: "Running", reason: "Running",
      message: "\(done) of \(record.steps.count) \(volumes) restored", restore: record.id,
      endedAt: record.endedAt)
    switch record.state {
    case .running: break
    case .completed: (report.phase, report.reason) = ("Completed", "Restored")
    case .failed(let reason):
      (report.phase, report.reason, report.message) = ("Failed", "Failed", reason)
    }
    return report
  }

  func status(of object: KubernetesObject, at now: Timestamp) -> JSONValue {
    let ended: Condition.Status = phase == "Completed" ? .yes : .no
    var status: JSONValue = [
      "phase": .string(phase), "message": .string(Condition.bounded(message)),
      "conditions": Condition.json(
        [Condition("Completed", ended, reason, message)], over: object, at: now),
    ]
    if let generation = object.generation { status["observedGeneration"] = JSONValue(generation) }
    if let restore { status["restore"] = .string(restore.text) }
    if let endedAt { status["endedAt"] = .string(endedAt.wholeSeconds) }
    return status
  }

  /// Said once for each change of the phase.
  func event(for object: KubernetesObject) -> ObjectEvent? {
    guard object["status", "phase"]?.string != phase else { return nil }
    return ObjectEvent(
      phase == "Failed" || phase == "Pending" ? .warning : .normal, reason, message)
  }
}
