internal import CoordinatorCore
internal import KubernetesClient
internal import Logging
internal import Model
internal import PlanFile

/// Does what `PlanController` decides.
struct PlanShell: Sendable {
  let controller: PlanController
  let operations: ClusterControllers.Operations
  let writer: ObjectWriter
  let logger: Logger

  func look(_ key: ObjectKey) async {
    guard let object = writer.book[key], object.deletionTimestamp == nil else { return }
    do throws(OperationError) {
      let record = try await record(of: object)
      let report = await report(object, record)
      let last = try await lastBackup(of: report.plan ?? record?.plan.name)
      await write(report, last, into: object)
    } catch {
      logger.warning("plan not read", metadata: ["object": "\(key)", "error": "\(error)"])
    }
  }

  private func report(_ object: KubernetesObject, _ record: PlanRecord?) async
    -> PlanController.Report
  {
    switch controller.decide(object, record: record) {
    case .report(let report): return report
    case .apply(let plan):
      let outcome: Result<PlanRecord, OperationError>
      do throws(OperationError) {
        outcome = .success(
          try await operations.plans.applyPlan(
            plan, source: PlanFile.text(of: plan), author: BackupView.author(object.key)))
      } catch {
        outcome = .failure(error)
      }
      return controller.report(object, plan, outcome, before: record)
    }
  }

  private func write(
    _ report: PlanController.Report, _ last: BackupRecord?, into object: KubernetesObject
  ) async {
    do throws(KubernetesError) {
      try await writer.report(
        report.status(of: object, last: last, at: .now()), report.event(for: object), into: object)
    } catch {
      writer.log(error, about: object.key)
    }
  }

  private func record(of object: KubernetesObject) async throws(OperationError) -> PlanRecord? {
    guard let name = BackupView.planName(object.name, in: object.namespace) else { return nil }
    do throws(OperationError) {
      return try await operations.plans.plan(name)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil
    }
  }

  private func lastBackup(of plan: PlanName?) async throws(OperationError) -> BackupRecord? {
    guard let plan else { return nil }
    return try await operations.backups.backups(of: plan, limit: 20)
      .first { $0.verdict != nil && $0.deletionBegan == nil }
  }

  /// Plans whose objects are gone, also those that went while nobody looked. Their backups stay.
  func deleteAbandoned() async {
    do throws(OperationError) {
      let objects = Set(writer.book.objects.keys)
      for record in controller.abandoned(try await operations.plans.plans(), objects: objects) {
        try await operations.plans.deletePlan(record.plan.name, author: record.appliedBy)
      }
    } catch {
      logger.warning("plan without an object not deleted", metadata: ["error": "\(error)"])
    }
  }
}
