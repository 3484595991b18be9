internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model
internal import PlanFile

/// What becomes of a BackupPlan. Without I/O: the shell does what is decided here.
struct PlanController {
  /// The coordinator's own namespace, whose plans may select everywhere.
  var home: String

  enum Decision: Equatable {
    /// Store the plan, then report what came of it.
    case apply(BackupPlan)
    case report(Report)
  }

  struct Report: Equatable {
    var ready: Condition
    var plan: PlanName?
    /// Nil when nothing was ever stored.
    var revision: Int?
  }

  /// The plan that an object means, or why it means none.
  func plan(of object: KubernetesObject) -> Result<BackupPlan, Refused> {
    do throws(PlanFileError) {
      let plan = try PlanFile.parse(PlanValue(object))
      if let foreign = foreign(plan, object.namespace ?? "") { return .failure(foreign) }
      return .success(plan)
    } catch {
      return .failure(Refused(reason: "Invalid", message: error.description))
    }
  }

  struct Refused: Error, Equatable {
    var reason: String
    var message: String
  }

  /// Whoever may write plans in one namespace must not be able to hold still what runs in another.
  private func foreign(_ plan: BackupPlan, _ namespace: String) -> Refused? {
    guard namespace != home else { return nil }
    for (index, service) in plan.services.enumerated() {
      guard let other = service.selector.namespace, other != namespace else { continue }
      return Refused(
        reason: "OtherNamespace",
        message: "spec.services[\(index)].selector.namespace: '\(other)' is another namespace; a "
          + "plan selects in its own, \(namespace), unless it is in the coordinator's, \(home)")
    }
    return nil
  }

  /// `record` is what the catalog has under the plan's name.
  func decide(_ object: KubernetesObject, record: PlanRecord?) -> Decision {
    switch plan(of: object) {
    case .failure(let refused):
      return .report(
        Report(
          ready: Condition("Ready", .no, refused.reason, refused.message), plan: nil,
          revision: revision(object, record)))
    case .success(let plan):
      guard let record, record.plan == plan,
        owner(of: object) == PlanOwner(author: record.appliedBy)
      else { return .apply(plan) }
      return .report(applied(record))
    }
  }

  /// What to say after the plan was to be stored.
  func report(
    _ object: KubernetesObject, _ plan: BackupPlan, _ outcome: Result<PlanRecord, OperationError>,
    before record: PlanRecord?
  ) -> Report {
    switch outcome {
    case .success(let record): return applied(record)
    case .failure(let error):
      let reason =
        switch error.code {
        case .conflict: "Conflict"
        case .invalid, .notFound: "Unresolved"
        case .forbidden, .unavailable: "Unavailable"
        }
      return Report(
        ready: Condition("Ready", .no, reason, error.description), plan: plan.name,
        revision: revision(object, record))
    }
  }

  private func applied(_ record: PlanRecord) -> Report {
    let count = record.plan.services.count
    return Report(
      ready: Condition(
        "Ready", .yes, "Applied",
        "plan \(record.plan.name), \(count == 1 ? "1 service" : "\(count) services")"),
      plan: record.plan.name, revision: record.revision)
  }

  /// A change that is refused leaves the revision before it in force.
  private func revision(_ object: KubernetesObject, _ record: PlanRecord?) -> Int? {
    guard let record, owner(of: object) == PlanOwner(author: record.appliedBy) else { return nil }
    return record.revision
  }

  private func owner(of object: KubernetesObject) -> PlanOwner {
    .object(namespace: object.namespace ?? "", name: object.name)
  }

  /// Plans that follow an object which is not there any more.
  func abandoned(_ records: [PlanRecord], objects: Set<ObjectKey>) -> [PlanRecord] {
    records.filter { record in
      guard case .object(let namespace, let name) = PlanOwner(author: record.appliedBy) else {
        return false
      }
      return !objects.contains(ObjectKey(namespace: namespace, name: name))
    }
  }
}

extension PlanController.Report {
  /// The status to write. `last` is the newest backup that has ended.
  func status(
    of object: KubernetesObject, last: BackupRecord?, at now: Timestamp
  ) -> JSONValue {
    var status: JSONValue = [
      "conditions": Condition.json([ready], over: object, at: now),
      "plan": plan.map { .string($0.text) } ?? .null,
      "revision": revision.map { JSONValue(Int64($0)) } ?? .null,
    ]
    if let generation = object.generation { status["observedGeneration"] = JSONValue(generation) }
    if let last, let verdict = last.verdict {
      status["lastBackup"] = .string(last.plan.plan.backup.text)
      status["lastBackupTime"] = .string(last.plan.plan.createdAt.wholeSeconds)
      status["lastGrade"] = .string(verdict.grade.rawValue)
      status["meetsPlan"] = .bool(last.meetsPlan ?? false)
    }
    return status
  }

  /// Said once for each change of the reason.
  func event(for object: KubernetesObject) -> ObjectEvent? {
    let isKnown =
      object.reason(of: "Ready") == ready.reason
      && object["status", "observedGeneration"]?.int == object.generation
    return isKnown
      ? nil : ObjectEvent(ready.status == .yes ? .normal : .warning, ready.reason, ready.message)
  }
}
