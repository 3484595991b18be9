internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Model

/// What becomes of a Backup. Without I/O: the shell does what is decided here, in order, and asks again when something
/// has changed.
struct BackupController {
  /// How long a Backup waits for a plan that is not there or does not fit what runs. One that starts days later, when
  /// somebody at last corrects a plan, would surprise whoever asked for it.
  static let patience = Duration.seconds(300)

  /// What the coordinator knows about the backup that an object stands for.
  struct Knowledge {
    /// The backup that answers the object's request, which may have been deleted since.
    var answer: BackupID?
    var record: BackupRecord?
    var standing: CutStanding?
    /// Why the cut could not be started, when that was just tried.
    var refusal: OperationError?
    /// Why the snapshots could not be deleted, when that was just tried.
    var deletionRefusal: OperationError?
    /// The whole namespace is being deleted.
    var namespaceEnds = false
  }

  enum Action: Equatable {
    case addFinalizer
    case removeFinalizer
    case start(PlanName, RequestID)
    case delete(BackupID)
    /// Ends it before anything has begun.
    case cancel(BackupID)
    /// The backup stays without an object.
    case release(BackupID)
    case deleteObject
    case report(BackupReport)
  }

  func decide(_ object: KubernetesObject, _ known: Knowledge, at now: Timestamp) -> [Action] {
    let view = BackupView(object)
    if view.isDeleted { return deleted(view, known) }
    if view.phase == nil && !view.hasFinalizer { return [.addFinalizer] }
    if let record = known.record { return [.report(.of(record, known.standing))] }
    if known.answer != nil || (view.phase.map { $0 != .pending } ?? false) {
      return gone(view, known)
    }
    if view.isMirror { return [.deleteObject] }
    return wanted(view, known, now)
  }

  /// Nothing was ever started for it.
  private func wanted(_ view: BackupView, _ known: Knowledge, _ now: Timestamp) -> [Action] {
    guard let plan = view.planName, let request = view.request else {
      return [
        .report(
          .failed(
            "Invalid", "'\(view.plan)' can be no plan of namespace \(view.object.namespace ?? "")"))
      ]
    }
    guard let refusal = known.refusal else { return [.start(plan, request)] }
    let age = view.object.creationTimestamp.map { now - $0 } ?? .zero
    guard refusal.code != .unavailable, age > Self.patience else {
      return [.report(.pending("Waiting", refusal.description))]
    }
    return [
      .report(.failed("Refused", refusal.description + "; create another Backup to try again"))
    ]
  }

  /// There is no such backup any more. What was answered once is never started again.
  private func gone(_ view: BackupView, _ known: Knowledge) -> [Action] {
    if view.isMirror { return [.deleteObject] }
    guard view.phase != .failed else { return [] }
    // The answer outlives its backup in the catalog: where it is missing too, nobody deleted the backup, as far as is known.
    guard known.answer == nil else { return [.report(.failed("Gone", "the backup was deleted"))] }
    return [
      .report(
        .failed(
          "Unknown",
          "the coordinator's catalog does not know this backup, nor that anybody deleted it: it was taken with another catalog, "
            + "or is newer than the copy that this one came from; its snapshots may still be there")
      )
    ]
  }

  private func deleted(_ view: BackupView, _ known: Knowledge) -> [Action] {
    guard view.hasFinalizer else { return [] }
    guard let record = known.record else { return [.removeFinalizer] }
    let id = record.plan.plan.backup
    // A namespace is deleted for many reasons; that its backups are not wanted any more is none of them.
    if view.retains || known.namespaceEnds { return [.release(id), .removeFinalizer] }
    guard record.verdict != nil else {
      if let ahead = known.standing?.waitsFor {
        return [
          .cancel(id), .report(.deleting("Cancelled", "cancelled while it waited for \(ahead)")),
        ]
      }
      return [
        .report(.deleting("Running", "deleted when the cut that is being taken has ended"))
      ]
    }
    if let refusal = known.deletionRefusal {
      return [.report(.deleting("Waiting", refusal.message))]
    }
    return [.delete(id), .removeFinalizer]
  }

  /// A backup that no object shows, though the plan's namespace wants to see it.
  func mirrors(
    _ records: [BackupRecord], of plan: ObjectKey, objects: [ObjectKey: KubernetesObject],
    released: Set<BackupID>
  ) -> [KubernetesObject] {
    let authors = Set(objects.keys.map(BackupView.author))
    return records.filter { record in
      let id = record.plan.plan.backup
      return record.deletionBegan == nil && !released.contains(id)
        && !authors.contains(record.createdBy)
        && objects[ObjectKey(namespace: plan.namespace, name: id.text)] == nil
    }.map { BackupView.mirror(of: $0, in: plan) }
  }
}
