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
    /// The Backup that the object names has not ended yet: both may be applied together.
    var isAwaited = false
    var record: RestoreRecord?
    /// Why the restore could not be started, when that was just tried.
    var refusal: OperationError?
    /// What a dry run found.
    var actions: [ObjectAction]?
  }

  enum Action: Equatable {
    case start(RestoreRequest, RestoreID)
    case preview(RestoreRequest)
    case report(RestoreReport)
  }

  /// A restore's name follows from its object's, so that no crash makes two of one.
  static func id(of object: KubernetesObject) -> RestoreID? {
    object.uid.flatMap { try? RestoreID("restore-\($0)") }
  }

  func decide(_ object: KubernetesObject, _ known: Knowledge) -> [Action] {
    if let record = known.record { return [.report(.of(record))] }
    let phase = object["status", "phase"]?.string
    // A dry run leaves no record but the object's own status.
    guard object.deletionTimestamp == nil, phase != "Failed", phase != "Completed" else {
      return []
    }
    if let actions = known.actions { return [.report(.dryRun(actions))] }
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
    guard !known.isAwaited else {
      return [.report(.pending("starts when Backup '\(name)' has ended"))]
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
    let order: ObjectRestoreOrder?
    do throws(ObjectRestoreSpec.Refused) {
      order = try ObjectRestoreSpec.order(of: object, home: home)
    } catch {
      return [.report(.failed(error.reason, error.message))]
    }
    guard let refusal = known.refusal else {
      let request = RestoreRequest(
        backup: backup, services: services, into: into,
        acceptUnproven: object["spec", "acceptUnproven"]?.bool ?? false, objects: order)
      return [ObjectRestoreSpec.isDryRun(object) ? .preview(request) : .start(request, id)]
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
  /// What a dry run found; nil for a restore.
  var actions: [String]?
  /// What became of the plan's commands; nil where there is none.
  var hooks: [String]?

  /// Actions that an object's status has; the command line prints all of them.
  static let mostActions = 500

  static func dryRun(_ actions: [ObjectAction]) -> RestoreReport {
    let refused = actions.count { $0.verb == .refuse }
    var report = RestoreReport(
      phase: "Completed", reason: refused == 0 ? "DryRun" : "WouldBeRefused",
      message: refused == 0
        ? "dry run: \(actions.count) actions, nothing was done"
        : "dry run: would be refused, \(refused) times; nothing was done")
    // What is in the way comes first: the list is bounded.
    let sorted = actions.filter { $0.verb == .refuse } + actions.filter { $0.verb != .refuse }
    report.actions = sorted.prefix(mostActions).map { action in
      "\(action.verb.rawValue) \(action.object)" + (action.note.map { ": \($0)" } ?? "")
    }
    return report
  }

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
    if let objects = record.objects {
      report.message = "\(objects.done) of \(objects.total) objects; \(objects.phase)"
      let failed = (objects.hooks ?? []).count { $0.state == .failed }
      if failed > 0 {
        report.message += failed == 1 ? "; 1 hook failed" : "; \(failed) hooks failed"
      }
      report.hooks = objects.hooks?.prefix(mostActions).map { Condition.bounded($0.line) }
    }
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
    if let actions { status["actions"] = .array(actions.map { .string($0) }) }
    if let hooks { status["hooks"] = .array(hooks.map { .string($0) }) }
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
