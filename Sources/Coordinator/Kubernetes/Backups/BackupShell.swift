internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Logging
internal import Model

/// Does what `BackupController` decides.
struct BackupShell: Sendable {
  /// How many of a plan's newest backups are shown as objects.
  static let shown = 100

  let controller = BackupController()
  let tenancy: Tenancy
  let operations: ClusterControllers.Operations
  let writer: ObjectWriter
  let plans: ObjectBook
  let logger: Logger

  func look(_ key: ObjectKey) async {
    guard let object = writer.book[key] else { return }
    do {
      var known = try await knowledge(of: object)
      // A second round says what came of the first.
      for _ in 0..<2 {
        let refused = try await perform(
          controller.decide(object, known, at: .now()), object, &known)
        guard refused else { return }
      }
    } catch let error as KubernetesError {
      writer.log(error, about: key)
    } catch {
      logger.warning("backup not looked at", metadata: ["object": "\(key)", "error": "\(error)"])
    }
  }

  private func knowledge(of object: KubernetesObject) async throws -> BackupController.Knowledge {
    let view = BackupView(object)
    var known = BackupController.Knowledge()
    if let request = view.request {
      known.answer = try await operations.requests.backup(for: request)
    }
    // No backup is called like that, then.
    let id = known.answer ?? (view.isMirror ? try? BackupID(object.name) : nil)
    if let id {
      known.record = try await record(id)
      // A name alone gives nobody a say in another namespace's backup.
      if known.answer == nil, let record = known.record,
        record.plan.plan.plan != view.planName
          || tenancy.refusal(of: record, to: object.namespace) != nil
      {
        known.record = nil
      }
      known.standing = await operations.requests.standing(of: id)
    }
    if view.isDeleted, let namespace = object.namespace {
      let found = try await writer.client.find(.namespaces, namespace)
      known.namespaceEnds = found?.deletionTimestamp != nil
    }
    return known
  }

  private func record(_ id: BackupID) async throws(OperationError) -> BackupRecord? {
    do throws(OperationError) {
      return try await operations.backups.backup(id)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil
    }
  }

  /// True when something was refused, which `known` then has.
  private func perform(
    _ actions: [BackupController.Action], _ object: KubernetesObject,
    _ known: inout BackupController.Knowledge
  ) async throws -> Bool {
    let view = BackupView(object)
    for action in actions {
      switch action {
      case .addFinalizer:
        try await writer.setFinalizers(object.finalizers + [Mark.finalizer], of: object)
        writer.book.mark { $0.key == object.key }
      case .removeFinalizer:
        try await writer.setFinalizers(
          object.finalizers.filter { $0 != Mark.finalizer }, of: object)
      case .start(let plan, let request):
        do throws(OperationError) {
          let stored = try await operations.plans.plan(plan)
          if let refusal = tenancy.refusal(of: stored.plan, to: object.namespace) { throw refusal }
          let id = try await operations.requests.createBackup(
            of: plan, author: view.author, for: request)
          known = BackupController.Knowledge(
            answer: id, record: try await record(id),
            // Without it, the cut would look like one that an earlier coordinator left.
            standing: await operations.requests.standing(of: id))
        } catch {
          known.refusal = error
        }
        return true
      case .delete(let id):
        do throws(OperationError) {
          try await operations.backups.deleteBackup(id, author: view.author)
        } catch {
          known.deletionRefusal = error
          return true
        }
      case .cancel(let id):
        do throws(OperationError) {
          try await operations.backups.cancelBackup(id, author: view.author)
        } catch {
          // It has ended or begun since, which the next look at it finds.
          guard error.code == .conflict else { throw error }
        }
      case .release(let id): try await operations.requests.release(id)
      case .deleteObject:
        _ = try await writer.client.delete(
          .backups, object.name, in: object.namespace,
          preconditions: DeletionPreconditions(uid: object.uid))
      case .report(let report):
        try await writer.report(
          report.status(of: object, at: .now()), report.event(for: object), into: object)
      }
    }
    return false
  }

  /// Shows the backups of each namespace's plans that were taken by other means.
  func mirror() async {
    guard plans.isSynced else { return }
    do {
      let released = try await operations.requests.released()
      for key in plans.objects.keys.sorted(by: { $0.description < $1.description }) {
        guard let name = BackupView.planName(key.name, in: key.namespace) else { continue }
        let records = try await operations.backups.backups(of: name, limit: Self.shown)
          .filter { tenancy.refusal(of: $0, to: key.namespace) == nil }
        let missing = controller.mirrors(
          records, of: key, objects: writer.book.objects, released: released)
        for object in missing { try await create(object) }
      }
    } catch {
      logger.warning("backups not shown as objects", metadata: ["error": "\(error)"])
    }
  }

  private func create(_ object: KubernetesObject) async throws(KubernetesError) {
    do throws(KubernetesError) {
      _ = try await writer.client.create(object, as: .backups)
    } catch {
      // Not seen yet, or somebody's own of the same name.
      guard error.isAlreadyExists else { throw error }
    }
  }
}
