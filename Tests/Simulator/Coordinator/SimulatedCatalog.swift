import CoordinatorCore
import CutProtocol
import Model

/// One coordinator's catalog: the store, behind a disk that is slow, full or failing.
struct SimulatedCatalog: Sendable {
  let world: World
  let process: SimulatedProcess
  private let own = OwnEpoch()

  /// The epoch that this coordinator began or reached.
  private final class OwnEpoch: @unchecked Sendable { var epoch: UInt64? }

  /// One transaction. It happens at one moment within the call: a crash comes before or after it.
  func decide<Value: Sendable>(
    _ change: (inout FleetStore) throws(CatalogError) -> Value, then done: () -> Void = {}
  ) async throws(CatalogError) -> Value {
    let oracle = world.oracle
    var delay = world.random.duration(.microseconds(300), .milliseconds(6))
    if var slow = oracle.strike(.catalogSlow) {
      delay = slow.duration(.milliseconds(50), .seconds(1))
    }
    do {
      try await process.pause(delay)
    } catch {
      throw CatalogError(.storage, "the call was cancelled")
    }
    if oracle.strikes(.catalogFull) { throw CatalogError(.full, "the disk is full") }
    if oracle.strikes(.catalogFailing) { throw CatalogError(.storage, "the disk failed") }
    var next = world.store
    let value = try change(&next)
    world.store = next
    done()
    await process.rest(world.random.duration(.zero, .milliseconds(1)))
    return value
  }

  func look<Value: Sendable>(_ read: (FleetStore) -> Value) async throws(CatalogError) -> Value {
    await process.rest(world.random.duration(.microseconds(50), .microseconds(500)))
    guard process.isAlive else { throw CatalogError(.storage, "the process has ended") }
    if world.oracle.strikes(.catalogFailing) { throw CatalogError(.storage, "the disk failed") }
    return read(world.store)
  }
}

extension SimulatedCatalog: CutStore {
  func create(_ plan: SealedPlan, by author: String) async throws(CatalogError) {
    try await decide { store throws(CatalogError) in
      try requireOwnEpoch(store)
      try store.create(plan, by: author)
    }
  }

  func begin(_ fence: Fence, of backup: BackupID, group: Int, members: [ServiceName])
    async throws(CatalogError)
  {
    try await decide { store throws(CatalogError) in
      try store.begin(fence, of: backup, group: group, members: members)
    }
  }

  func keep(_ certificate: HoldCertificate, fence: Fence, member: ServiceName)
    async throws(CatalogError)
  {
    try await decide { store throws(CatalogError) in try store.keep(certificate, fence, member) }
  }

  func commit(_ outcome: CutOutcome, epoch: UInt64) async throws(CatalogError) {
    try await decide(
      { store throws(CatalogError) in
        do throws(CatalogError) {
          try store.commit(outcome, epoch: epoch)
        } catch {
          world.census.count("catalog:commit-refused-\(error.code.rawValue)")
          throw error
        }
      }, then: { world.committed(outcome) })
  }

  func close(_ fence: Fence, member: ServiceName) async throws(CatalogError) {
    try await decide { store throws(CatalogError) in try store.close(fence, member) }
  }

  func unfinished() async throws(CatalogError) -> UnfinishedWork {
    try await look { $0.unfinished() }
  }
}

extension SimulatedCatalog: EpochStore {
  func beginEpoch() async throws(CatalogError) -> UInt64 {
    try await decide { store in
      let epoch = store.beginEpoch()
      own.epoch = epoch
      return epoch
    }
  }

  func raiseEpoch(above epoch: UInt64) async throws(CatalogError) -> UInt64 {
    try await decide { store throws(CatalogError) in
      try requireOwnEpoch(store)
      world.census.count("catalog:epoch-raised")
      let raised = store.raiseEpoch(above: epoch)
      own.epoch = raised
      return raised
    }
  }

  private func requireOwnEpoch(_ store: FleetStore) throws(CatalogError) {
    guard let epoch = own.epoch, epoch != store.epoch else { return }
    throw CatalogError(.conflict, "epoch \(epoch) is not the current epoch \(store.epoch)")
  }
}

extension SimulatedCatalog: BackupStore {
  func backups(of plan: PlanName?, limit: Int) async throws(CatalogError) -> [BackupRecord] {
    try await look { $0.backups.suffix(limit).reversed().map(Self.record) }
  }

  func backup(_ id: BackupID) async throws(CatalogError) -> BackupRecord? {
    try await look { $0.backup(id).map(Self.record) }
  }

  private static func record(_ stored: FleetStore.Backup) -> BackupRecord {
    BackupRecord(
      plan: stored.plan, createdBy: stored.author, verdict: stored.outcome?.verdict,
      groups: stored.outcome?.groups ?? [], endedAt: stored.outcome?.endedAt,
      deletionBegan: stored.deletionBegan, attempts: 1)
  }

  func log(_ entry: BackupLogEntry, of backup: BackupID) async throws(CatalogError) {
    try await decide { _ in
      if entry.text.hasPrefix("waits for ") {
        world.census.count(
          entry.text.hasPrefix("waits for backup")
            ? "turn:waits-for-backup" : "turn:waits-for-start")
      }
    }
  }

  func logs(of backup: BackupID) async throws(CatalogError) -> [BackupLogEntry] { [] }

  func ended() async throws(CatalogError) -> [BackupID] {
    try await look { store in
      store.backups.filter { $0.outcome != nil && $0.deletionBegan == nil }
        .map(\.plan.plan.backup)
    }
  }

  func takeOver(_ backup: BackupRecord) async throws(CatalogError) {
    throw CatalogError(.conflict, "the simulated fleet imports nothing")
  }

  func beginDeletion(_ id: BackupID, at time: Timestamp) async throws(CatalogError) {
    try await decide { store throws(CatalogError) in try store.beginDeletion(id, at: time) }
  }

  func finishDeletion(_ id: BackupID) async throws(CatalogError) {
    try await decide { store throws(CatalogError) in try store.finishDeletion(id) }
  }
}

extension SimulatedCatalog: PlanStore {
  func save(_ plan: BackupPlan, source: String, by author: String, at time: Timestamp)
    async throws(CatalogError) -> PlanRecord
  {
    throw CatalogError(.conflict, "the simulated fleet's plans stay as they are")
  }

  func plan(_ name: PlanName) async throws(CatalogError) -> PlanRecord? {
    try await look { _ in world.plans.first { $0.plan.name == name } }
  }

  func plans() async throws(CatalogError) -> [PlanRecord] { try await look { _ in world.plans } }

  func deletePlan(_ name: PlanName) async throws(CatalogError) {
    throw CatalogError(.conflict, "the simulated fleet's plans stay as they are")
  }
}

extension SimulatedCatalog: PlacementStore {
  func apply(_ records: [PlacementRecord], journal: String, of node: NodeID)
    async throws(CatalogError) -> UInt64
  { 0 }

  func applied(journal: String, of node: NodeID) async throws(CatalogError) -> UInt64 {
    try await look { _ in 0 }
  }

  /// What was told of the placements, which is a while behind what is.
  func running(on node: NodeID?) async throws(CatalogError) -> [Placement] {
    try await look { _ in world.application.told.filter { node == nil || $0.node == node } }
  }

  func whereabouts(of service: ServiceID?, at time: Timestamp) async throws(CatalogError)
    -> Whereabouts
  { Whereabouts(found: [], unknown: []) }

  func history(of service: ServiceID, limit: Int) async throws(CatalogError)
    -> [PlacementInterval]
  { [] }

  func services() async throws(CatalogError) -> [KnownService] {
    try await look { _ in
      world.application.told.map {
        KnownService(
          id: $0.serviceID,
          newest: PlacementInterval(placement: $0, from: $0.startedAt, to: nil, ended: nil))
      }
    }
  }

  func services(named reference: ServiceReference) async throws(CatalogError) -> ServiceMatches {
    try await look { _ in
      ServiceMatches(
        found: world.application.told.map(\.serviceID).filter { $0.name.text == reference.text },
        told: [])
    }
  }
}

extension SimulatedCatalog: NodeStore, AuditStore {
  func nodes() async throws(CatalogError) -> [NodeRecord] {
    try await look { store in world.nodes.map { Self.record($0.id, store) } }
  }

  func node(_ id: NodeID) async throws(CatalogError) -> NodeRecord? {
    try await look { Self.record(id, $0) }
  }

  private static func record(_ node: NodeID, _ store: FleetStore) -> NodeRecord {
    let start = Timestamp(nanoseconds: 0)
    return NodeRecord(
      id: node, enrolledAt: start, revokedAt: store.revoked.contains(node) ? start : nil,
      lastSeen: nil, observedThrough: nil, agentVersion: store.known[node]?.version)
  }

  func connected(_ id: NodeID, hello: AgentHello, at time: Timestamp) async throws(CatalogError) {
    try await decide { $0.met(id, hello) }
  }

  func seen(_ id: NodeID, observed: JournalObservation?, at time: Timestamp)
    async throws(CatalogError)
  {
    try await decide { _ in }
  }

  func revoke(_ id: NodeID, at time: Timestamp) async throws(CatalogError) {
    try await decide { $0.revoke(id) }
  }

  func audit(_ entry: AuditEntry) async throws(CatalogError) { try await decide { _ in } }
  func auditEntries(limit: Int) async throws(CatalogError) -> [AuditEntry] { [] }
}
