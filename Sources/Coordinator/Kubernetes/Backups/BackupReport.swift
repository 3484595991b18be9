internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model

/// What a Backup's status says.
struct BackupReport: Equatable {
  var phase: BackupView.Phase
  var message: String
  var reason: String
  var backup: BackupID?
  var plan: CutPlan?
  var verdict: Verdict?
  var meetsPlan: Bool?
  /// The longest that a member was held.
  var window: Duration?
  var endedAt: Timestamp?
  /// What there is of the namespaces' objects; nil where none were looked at.
  var manifests: ManifestSummary?

  static func pending(_ reason: String, _ message: String) -> BackupReport {
    BackupReport(phase: .pending, message: message, reason: reason)
  }

  static func failed(_ reason: String, _ message: String) -> BackupReport {
    BackupReport(phase: .failed, message: message, reason: reason)
  }

  static func deleting(_ reason: String, _ message: String) -> BackupReport {
    BackupReport(phase: .deleting, message: message, reason: reason)
  }

  static func of(_ record: BackupRecord, _ standing: CutStanding?) -> BackupReport {
    let plan = record.plan.plan
    var report = BackupReport(
      phase: .running, message: "0 of \(plan.members.count) held", reason: "Running",
      backup: plan.backup, plan: plan)
    if let verdict = record.verdict {
      report.phase = verdict.grade == .failed ? .failed : .completed
      report.reason = verdict.grade == .failed ? "Failed" : "Committed"
      report.message = verdict.sentence
      report.verdict = verdict
      report.meetsPlan = record.meetsPlan
      report.manifests = record.manifests
      report.endedAt = record.endedAt
      // A certificate that cannot be read shows no window; the verdict names it.
      report.window = record.groups.flatMap(\.certificates)
        .compactMap { try? $0.decoded().steps.window }.max()
    } else if let standing {
      if let ahead = standing.waitsFor {
        report.reason = "Waiting"
        report.message = "waits for \(ahead)"
      } else {
        report.message = "\(standing.held) of \(plan.members.count) held"
      }
    } else {
      report.message = "settling what an earlier coordinator left"
    }
    if record.deletionBegan != nil { report.phase = .deleting }
    return report
  }

  func status(of object: KubernetesObject, at now: Timestamp) -> JSONValue {
    var status: JSONValue = [
      "phase": .string(phase.rawValue), "message": .string(Condition.bounded(message)),
      "conditions": Condition.json(conditions, over: object, at: now),
    ]
    if let generation = object.generation { status["observedGeneration"] = JSONValue(generation) }
    if let backup { status["backup"] = .string(backup.text) }
    if let plan {
      status["startedAt"] = .string(plan.createdAt.wholeSeconds)
      status["members"] = JSONValue(Int64(plan.members.count))
      status["requires"] = .string(plan.requires.rawValue)
    }
    if let verdict { status["grade"] = .string(verdict.grade.rawValue) }
    if let meetsPlan { status["meetsPlan"] = .bool(meetsPlan) }
    if let window { status["window"] = .string(window.shortText) }
    if let manifests { status["manifests"] = .string(Condition.bounded(manifests.sentence)) }
    if let endedAt { status["endedAt"] = .string(endedAt.wholeSeconds) }
    return status
  }

  private var conditions: [Condition] {
    let ended: Condition.Status = phase == .completed ? .yes : .no
    var conditions = [Condition("Completed", ended, reason, message)]
    if let meetsPlan, let verdict, let plan {
      let isReached = verdict.grade >= plan.requires
      let lacks = isReached && !meetsPlan
      conditions.append(
        Condition(
          "MeetsPlan", meetsPlan ? .yes : .no,
          lacks ? "ManifestsMissing" : isReached ? "GradeReached" : "GradeMissed",
          lacks
            ? "the plan requires manifests: \(manifests?.sentence ?? "none were taken")"
            : "the plan requires \(plan.requires.rawValue), proved is \(verdict.grade.rawValue)"))
    }
    return conditions
  }

  /// Said once for each change of the phase.
  func event(for object: KubernetesObject) -> ObjectEvent? {
    guard object["status", "phase"]?.string != phase.rawValue else { return nil }
    switch phase {
    case .pending: return ObjectEvent(.warning, reason, message)
    case .running:
      return ObjectEvent(.normal, "Started", "backup \(backup?.text ?? "") is being taken")
    case .completed:
      let grade = verdict?.grade.rawValue ?? ""
      // Nil while the manifests that the plan requires are still being read.
      return ObjectEvent(
        meetsPlan == false ? .warning : .normal, reason,
        "\(grade)\(meetsPlan == false ? ", less than the plan requires" : ""): \(message)")
    case .failed: return ObjectEvent(.warning, reason, message)
    case .deleting: return ObjectEvent(.normal, "Deleting", message)
    }
  }
}
