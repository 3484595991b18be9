package import CoordinatorCore
package import CutProtocol
package import Foundation
package import Model
package import Synchronization

/// A coordinator's core with a small shop in memory: answers every operation, and remembers who asked for what.
package final class FakeShop: Sendable {
  package struct Memory: Sendable {
    package var nodes: [NodeStatus] = []
    package var services: [ServiceStatus] = []
    package var intervals: [PlacementInterval] = []
    package var unknown: [Whereabouts.Gap] = []
    package var plans: [PlanRecord] = []
    package var check: PlanCheck?
    package var probe: PlanProbe?
    package var backups: [BackupRecord] = []
    package var waiting: [BackupID: String] = [:]
    package var snapshots: [SnapshotStanding] = []
    package var evidence: BackupEvidence?
    package var log: [BackupLogEntry] = []
    package var manifests: [BackupManifest] = []
    package var restores: [RestoreRecord] = []
    package var audit: [AuditEntry] = []
    package var operators: [OperatorRecord] = []
    /// Operators whose every message is refused.
    package var refused: Set<OperatorName> = []
    /// Makes certificates; from the coordinator's authority.
    package var issue: OperatorService.Issuer?
    /// Thrown by every operation while it is set.
    package var failure: OperationError?
    /// `author operation object`, in order.
    package var calls: [String] = []
    /// The progress of backups that are followed: kept open until `finishProgress`.
    package var progress: [AsyncStream<BackupLogEntry>.Continuation] = []
    package var askedTime: Timestamp?
  }

  package let memory: Mutex<Memory>

  package init(_ memory: Memory = Memory()) { self.memory = Mutex(memory) }

  package var calls: [String] { memory.withLock { $0.calls } }

  package func change(_ body: (inout Memory) -> Void) { memory.withLock { body(&$0) } }

  func note(_ call: String) throws(OperationError) {
    let failure = memory.withLock { memory in
      memory.calls.append(call)
      return memory.failure
    }
    if let failure { throw failure }
  }

  func read<Value: Sendable>(_ path: any KeyPath<Memory, Value> & Sendable) throws(OperationError)
    -> Value
  {
    let (value, failure) = memory.withLock { ($0[keyPath: path], $0.failure) }
    if let failure { throw failure }
    return value
  }

  /// Hands `entry` to everybody who follows a backup.
  package func tell(_ entry: BackupLogEntry) {
    memory.withLock { memory in
      memory.log.append(entry)
      for reader in memory.progress { reader.yield(entry) }
    }
  }

  package var followers: Int { memory.withLock { $0.progress.count } }

  package func finishProgress() {
    memory.withLock { memory in
      for reader in memory.progress { reader.finish() }
      memory.progress = []
    }
  }
}

extension FakeShop: FleetOperations {
  package func status() async throws(OperationError) -> FleetStatus {
    let waiting = await waiting()
    let open = try read(\.backups).filter { $0.verdict == nil }.map(\.plan.plan.backup)
    return FleetStatus(
      fleet: Example.fleet, version: "1.2.3", epoch: 7,
      startedAt: Example.start, nodes: try read(\.nodes), services: try read(\.services),
      running: open.filter { waiting[$0] == nil }, waiting: waiting, openClean: 0)
  }

  package func nodes() async throws(OperationError) -> [NodeStatus] { try read(\.nodes) }

  package func services() async throws(OperationError) -> [ServiceStatus] { try read(\.services) }

  package func service(_ reference: ServiceReference) async throws(OperationError) -> ServiceID {
    let ids = try read(\.services).map(\.service)
    guard
      let id = ids.first(where: {
        $0.description == reference.text || $0.name.text == reference.text
      })
    else { throw OperationError(.notFound, "no service \(reference) was ever seen") }
    return id
  }

  package func whereabouts(of service: ServiceID, at time: Timestamp?)
    async throws(OperationError) -> Whereabouts
  {
    memory.withLock { $0.askedTime = time }
    return Whereabouts(
      found: try read(\.intervals).filter { $0.placement.serviceID == service },
      unknown: try read(\.unknown))
  }

  package func history(of service: ServiceID, limit: Int) async throws(OperationError)
    -> [PlacementInterval]
  {
    Array(try read(\.intervals).filter { $0.placement.serviceID == service }.prefix(limit))
  }

  package func placements(on node: NodeID) async throws(OperationError) -> [Placement] {
    guard try read(\.nodes).contains(where: { $0.record.id == node }) else {
      throw OperationError(.notFound, "there is no node \(node)")
    }
    return try read(\.services).flatMap(\.placements).filter { $0.node == node }
  }
}

extension FakeShop: PlanOperations {
  package func applyPlan(_ plan: BackupPlan, source: String, author: String)
    async throws(OperationError) -> PlanRecord
  {
    try note("\(author) plan.apply \(plan.name)")
    let record = PlanRecord(
      plan: plan, source: source, revision: 1, appliedAt: Example.start, appliedBy: author)
    memory.withLock { $0.plans = [record] }
    return record
  }

  package func plans() async throws(OperationError) -> [PlanRecord] { try read(\.plans) }

  package func plan(_ name: PlanName) async throws(OperationError) -> PlanRecord {
    guard let plan = try read(\.plans).first(where: { $0.plan.name == name }) else {
      throw OperationError(.notFound, "there is no plan \(name)", hint: "list the plans")
    }
    return plan
  }

  package func checkPlan(_ name: PlanName) async throws(OperationError) -> PlanCheck {
    guard let check = try read(\.check) else {
      throw OperationError(.unavailable, "no node of plan \(name) answers")
    }
    return check
  }

  package func probePlan(_ name: PlanName, author: String) async throws(OperationError) -> PlanProbe
  {
    try note("\(author) plan.probe \(name)")
    guard let probe = try read(\.probe) else {
      throw OperationError(.unavailable, "no node of plan \(name) answers")
    }
    return probe
  }

  package func deletePlan(_ name: PlanName, author: String) async throws(OperationError) {
    try note("\(author) plan.delete \(name)")
  }
}

extension FakeShop: ManifestOperations {
  package func manifests(
    of id: BackupID, after: Int, limit: Int, secrets: Bool, author: String
  ) async throws(OperationError) -> [ShownManifest] {
    try note("\(author) backup.manifests \(id)\(secrets ? " with secrets" : "")")
    return try read(\.manifests).enumerated().dropFirst(after).prefix(limit).map {
      index, manifest in
      ShownManifest(
        NumberedManifest(number: index + 1, manifest: manifest),
        content: manifest.isSealed && !secrets ? nil : manifest.content)
    }
  }
}

extension FakeShop: BackupOperations {
  package func createBackup(of plan: PlanName, author: String) async throws(OperationError)
    -> BackupID
  {
    try note("\(author) backup.create \(plan)")
    return Example.backup
  }

  package func backups(of plan: PlanName?, limit: Int) async throws(OperationError)
    -> [BackupRecord]
  {
    let all = try read(\.backups).filter { plan == nil || $0.plan.plan.plan == plan }
    return Array(all.prefix(limit))
  }

  package func backup(_ id: BackupID) async throws(OperationError) -> BackupRecord {
    guard let record = try read(\.backups).first(where: { $0.plan.plan.backup == id }) else {
      throw OperationError(.notFound, "there is no backup \(id)")
    }
    return record
  }

  package func waiting() async -> [BackupID: String] { memory.withLock(\.waiting) }

  package func presence(of id: BackupID) async throws(OperationError) -> [SnapshotStanding] {
    try read(\.snapshots)
  }

  package func evidence(of id: BackupID) async throws(OperationError) -> BackupEvidence {
    guard let evidence = try read(\.evidence) else {
      throw OperationError(.conflict, "backup \(id) has no evidence yet: its cut runs")
    }
    return evidence
  }

  package func importBackup(_ evidence: BackupEvidence, author: String)
    async throws(OperationError) -> BackupRecord
  {
    guard let plan = try? SealedPlan(bytes: evidence.plan) else {
      throw OperationError(.invalid, "the plan in the exported backup is not readable")
    }
    try note("\(author) backup.import \(plan.plan.backup)")
    return try await backup(plan.plan.backup)
  }

  package func verify(_ id: BackupID) async throws(OperationError) -> Verdict {
    let record = try await backup(id)
    guard let verdict = record.verdict else {
      throw OperationError(.conflict, "backup \(id) cannot be verified yet: its cut runs")
    }
    return verdict
  }

  package func logs(of id: BackupID) async throws(OperationError) -> [BackupLogEntry] {
    _ = try await backup(id)
    return try read(\.log)
  }

  package func progress(of id: BackupID) async throws(OperationError)
    -> AsyncStream<BackupLogEntry>
  {
    let running = try await backup(id).verdict == nil
    let (stream, continuation) = AsyncStream.makeStream(of: BackupLogEntry.self)
    memory.withLock { memory in
      for entry in memory.log { continuation.yield(entry) }
      if running { memory.progress.append(continuation) } else { continuation.finish() }
    }
    return stream
  }

  package func cancelBackup(_ id: BackupID, author: String) async throws(OperationError) {
    try note("\(author) backup.cancel \(id)")
  }

  package func deleteBackup(_ id: BackupID, author: String) async throws(OperationError) {
    try note("\(author) backup.delete \(id)")
  }
}

extension FakeShop: RestoreOperations {
  package func createRestore(_ request: RestoreRequest, author: String)
    async throws(OperationError) -> RestoreRecord
  {
    let services = request.services.map(\.text).joined(separator: "+")
    try note(
      "\(author) restore.create \(request.backup) \(services) \(request.into ?? "-") "
        + "\(request.acceptUnproven)"
        + (request.objects.map { " objects \($0.namespaces) \($0.existing.rawValue)" } ?? ""))
    return Example.restore(of: request.backup, into: request.into, by: author)
  }

  package func previewRestore(_ request: RestoreRequest) async throws(OperationError)
    -> [ObjectAction]
  {
    try note("preview \(request.backup)")
    return [
      ObjectAction(
        stage: "claims", verb: .create, resource: "persistentvolumeclaims", namespace: "shop-2",
        name: "data", note: "from snapshot s"),
      ObjectAction(
        stage: "workloads", verb: .refuse, resource: "deployments.apps", namespace: "shop-2",
        name: "web", note: "is there"),
    ]
  }

  package func restores() async throws(OperationError) -> [RestoreRecord] { try read(\.restores) }

  package func restore(_ id: RestoreID) async throws(OperationError) -> RestoreRecord {
    guard let restore = try read(\.restores).first(where: { $0.id == id }) else {
      throw OperationError(.notFound, "there is no restore \(id)")
    }
    return restore
  }
}

extension FakeShop: AgentOperations {
  package func createToken(for node: NodeID, author: String) async throws(OperationError)
    -> (text: String, expires: Timestamp)
  {
    try note("\(author) token.create \(node)")
    return ("sptoken-of-\(node)", Example.start + .seconds(900))
  }

  package func revoke(_ node: NodeID, author: String) async throws(OperationError) {
    try note("\(author) agent.revoke \(node)")
  }

  package func audit(limit: Int) async throws(OperationError) -> [AuditEntry] {
    Array(try read(\.audit).prefix(limit))
  }

  package func backupCatalog(to path: String, author: String) async throws(OperationError) {
    try note("\(author) catalog.backup \(path)")
  }
}

extension FakeShop: OperatorOperations {
  package func admit(_ certificate: OperatorCertificate) async throws(OperationError) {
    if memory.withLock({ $0.refused.contains(certificate.name) }) {
      throw OperationError(.forbidden, "operator \(certificate.name) was revoked at noon")
    }
  }

  package func operators() async throws(OperationError) -> [OperatorRecord] {
    try read(\.operators)
  }

  package func createOperator(_ name: OperatorName, request: Data, author: String)
    async throws(OperationError) -> IssuedOperator
  {
    try note("\(author) operator.create \(name)")
    return try issued(name, request)
  }

  package func renewOperator(_ name: OperatorName, request: Data, author: String)
    async throws(OperationError) -> IssuedOperator
  {
    try note("\(author) operator.renew \(name)")
    return try issued(name, request)
  }

  package func revokeOperator(_ name: OperatorName, author: String) async throws(OperationError)
    -> OperatorRecord
  {
    try note("\(author) operator.revoke \(name)")
    memory.withLock { _ = $0.refused.insert(name) }
    return OperatorRecord(name: name, certificate: nil, revokedAt: Example.start)
  }

  private func issued(_ name: OperatorName, _ request: Data) throws(OperationError)
    -> IssuedOperator
  {
    do {
      guard let issue = memory.withLock({ $0.issue }) else {
        throw OperationError(.unavailable, "the example has no authority")
      }
      return try issue(name, request, .now())
    } catch {
      throw OperationError(.invalid, "\(error)")
    }
  }
}
