import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Synchronization

/// A coordinator whose cuts go on until a test ends them.
final class FakeOperations: PlanOperations, BackupOperations, ClusterOperations, ClusterRestores {
  private struct State {
    var plans: [PlanName: PlanRecord] = [:]
    var backups: [BackupID: BackupRecord] = [:]
    var answers: [RequestID: BackupID] = [:]
    var released: Set<BackupID> = []
    var deleted: [BackupID] = []
    var started = 0
    var memberNamespace = "production"
  }

  private let state = Mutex(State())
  private let unused = OperationError(.invalid, "this fake does not do that")

  var started: Int { state.withLock { $0.started } }
  var deleted: [BackupID] { state.withLock { $0.deleted } }

  /// Where the members of backups are that begin from now on.
  func setMembers(in namespace: String) { state.withLock { $0.memberNamespace = namespace } }

  func end(_ id: BackupID, _ grade: Grade) {
    state.withLock { state in
      state.backups[id]?.verdict = Verdict(grade: grade, drained: false, sentence: "because")
      state.backups[id]?.endedAt = .now()
    }
  }

  /// Returns once the plans fulfil `condition`.
  func wait(until condition: ([PlanName]) -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while !condition(state.withLock { Array($0.plans.keys) }) {
      guard ContinuousClock.now < deadline else { throw unused }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  func applyPlan(_ plan: BackupPlan, source: String, author: String) async throws(OperationError)
    -> PlanRecord
  {
    state.withLock { state in
      let revision = (state.plans[plan.name]?.revision ?? 0) + 1
      let record = PlanRecord(
        plan: plan, source: source, revision: revision, appliedAt: .now(), appliedBy: author)
      state.plans[plan.name] = record
      return record
    }
  }

  func plans() async throws(OperationError) -> [PlanRecord] {
    state.withLock { Array($0.plans.values) }
  }

  func plan(_ name: PlanName) async throws(OperationError) -> PlanRecord {
    guard let record = state.withLock({ $0.plans[name] }) else {
      throw OperationError(.notFound, "there is no plan \(name)")
    }
    return record
  }

  func checkPlan(_ name: PlanName) async throws(OperationError) -> PlanCheck { throw unused }

  func probePlan(_ name: PlanName, author: String) async throws(OperationError) -> PlanProbe {
    throw unused
  }

  func deletePlan(_ name: PlanName, author: String) async throws(OperationError) {
    state.withLock { $0.plans[name] = nil }
  }

  func createBackup(of plan: PlanName, author: String) async throws(OperationError) -> BackupID {
    try start(plan, author, nil)
  }

  func createBackup(of plan: PlanName, author: String, for request: RequestID)
    async throws(OperationError) -> BackupID
  {
    try start(plan, author, request)
  }

  private func start(_ plan: PlanName, _ author: String, _ request: RequestID?)
    throws(OperationError) -> BackupID
  {
    let result: Result<BackupID, OperationError> = state.withLock { state in
      if let request, let answer = state.answers[request] { return .success(answer) }
      guard state.plans[plan] != nil else {
        return .failure(OperationError(.notFound, "there is no plan \(plan)"))
      }
      state.started += 1
      let text = "b-\(state.started)"
      guard
        let record = try? Sample.record(
          text, plan: plan.text, createdBy: author, namespace: state.memberNamespace)
      else {
        return .failure(OperationError(.invalid, "no record"))
      }
      let id = record.plan.plan.backup
      state.backups[id] = record
      if let request { state.answers[request] = id }
      return .success(id)
    }
    return try result.get()
  }

  func backups(of plan: PlanName?, limit: Int) async throws(OperationError) -> [BackupRecord] {
    state.withLock { state in
      state.backups.values.filter { plan == nil || $0.plan.plan.plan == plan }
        .sorted { $0.plan.plan.backup > $1.plan.plan.backup }
    }
  }

  func backup(_ id: BackupID) async throws(OperationError) -> BackupRecord {
    guard let record = state.withLock({ $0.backups[id] }) else {
      throw OperationError(.notFound, "there is no backup \(id)")
    }
    return record
  }

  func presence(of id: BackupID) async throws(OperationError) -> [SnapshotStanding] { throw unused }
  func waiting() async -> [BackupID: String] { [:] }
  func evidence(of id: BackupID) async throws(OperationError) -> BackupEvidence { throw unused }
  func verify(_ id: BackupID) async throws(OperationError) -> Verdict { throw unused }
  func logs(of id: BackupID) async throws(OperationError) -> [BackupLogEntry] { [] }

  func progress(of id: BackupID) async throws(OperationError) -> AsyncStream<BackupLogEntry> {
    throw unused
  }

  func importBackup(_ evidence: BackupEvidence, author: String)
    async throws(OperationError) -> BackupRecord
  {
    throw unused
  }

  func cancelBackup(_ id: BackupID, author: String) async throws(OperationError) { throw unused }

  func deleteBackup(_ id: BackupID, author: String) async throws(OperationError) {
    state.withLock { state in
      state.backups[id] = nil
      state.deleted.append(id)
    }
  }

  func backup(for request: RequestID) async throws(OperationError) -> BackupID? {
    state.withLock { $0.answers[request] }
  }

  func release(_ backup: BackupID) async throws(OperationError) {
    state.withLock { _ = $0.released.insert(backup) }
  }

  func released() async throws(OperationError) -> Set<BackupID> { state.withLock { $0.released } }

  func standing(of backup: BackupID) async -> CutStanding? { CutStanding(held: 0, last: nil) }

  func createRestore(_ request: RestoreRequest, as id: RestoreID, author: String)
    async throws(OperationError) -> RestoreRecord
  {
    throw unused
  }

  func previewRestore(_ request: RestoreRequest) async throws(OperationError) -> [ObjectAction] {
    [
      ObjectAction(
        stage: "claims", verb: .create, resource: "persistentvolumeclaims", namespace: "production",
        name: request.backup.text)
    ]
  }

  func find(_ id: RestoreID) async throws(OperationError) -> RestoreRecord? { nil }
}
