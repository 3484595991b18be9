internal import CoordinatorCore
internal import CutProtocol
internal import KubernetesClient
internal import Logging
internal import Model

/// Does what `RestoreController` decides.
struct RestoreShell: Sendable {
  let controller: RestoreController
  let operations: ClusterControllers.Operations
  let writer: ObjectWriter
  let backups: ObjectBook

  func look(_ key: ObjectKey) async {
    // Before the backups are known, each looks as if it were missing.
    guard let object = writer.book[key], backups.isSynced else { return }
    do {
      var known = RestoreController.Knowledge()
      if let id = RestoreController.id(of: object) {
        known.record = try await operations.restores.find(id)
      }
      if known.record == nil { try await find(&known, for: object) }
      for _ in 0..<2 {
        guard try await perform(controller.decide(object, known), object, &known) else { return }
      }
    } catch let error as KubernetesError {
      writer.log(error, about: key)
    } catch {
      writer.logger.warning(
        "restore not looked at", metadata: ["object": "\(key)", "error": "\(error)"])
    }
  }

  /// The backup behind the named object, as the catalog knows it: an object's status is no proof of whose it is.
  private func find(
    _ known: inout RestoreController.Knowledge, for object: KubernetesObject
  ) async throws {
    let key = ObjectKey(
      namespace: object.namespace, name: object["spec", "backup"]?.string ?? "")
    guard let named = backups[key] else { return }
    let view = BackupView(named)
    guard let text = named["status", "backup"]?.string else {
      known.isAwaited = !view.isDeleted && (view.phase == nil || view.phase == .pending)
      return
    }
    let record = try await operations.backups.backup(BackupID(text))
    guard record.plan.plan.plan == view.planName else { return }
    known.isAwaited = record.verdict == nil
    known.backup = record.plan.plan.backup
    known.refusal = Tenancy(home: controller.home).refusal(of: record, to: object.namespace)
  }

  /// True when something was tried, whose result `known` then has.
  private func perform(
    _ actions: [RestoreController.Action], _ object: KubernetesObject,
    _ known: inout RestoreController.Knowledge
  ) async throws -> Bool {
    for action in actions {
      switch action {
      case .start(let request, let id):
        do throws(OperationError) {
          known.record = try await operations.restores.createRestore(
            request, as: id, author: BackupView.author(object.key))
        } catch {
          known.refusal = error
        }
        return true
      case .preview(let request):
        do throws(OperationError) {
          known.actions = try await operations.restores.previewRestore(request)
        } catch {
          known.refusal = error
        }
        return true
      case .report(let report):
        try await writer.report(
          report.status(of: object, at: .now()), report.event(for: object), into: object)
      }
    }
    return false
  }
}
