internal import CutProtocol
package import Lifecycle
package import Logging
package import Model

/// Brings backups back: every volume from its snapshot, dependencies first, all from one and the same cut.
package actor RestoreService {
  private let store: any RestoreStore
  private let audit: any AuditStore
  let backups: BackupService
  /// Nil where no cluster is served.
  let restorer: (any ObjectRestorer)?
  private let gateway: any AgentGateway
  /// Shared by all restores, and by those that are only looked at.
  let room: ManifestRoom
  private let tasks: Crew
  private let logger: Logger
  /// Members that a running restore is writing, by node.
  private var busy: [RestoreID: Set<ServiceName>] = [:]

  /// How long one volume may take; copying drivers need minutes, cloning ones milliseconds.
  private static let volumeLimit = Duration.seconds(3600)
  /// How often a restore that found no room looks again.
  static let roomInterval = Duration.seconds(2)

  package init(
    store: any RestoreStore, audit: any AuditStore, backups: BackupService,
    gateway: any AgentGateway, restorer: (any ObjectRestorer)? = nil,
    room: ManifestRoom = ManifestRoom(), tasks: Crew, logger: Logger
  ) {
    self.store = store
    self.audit = audit
    self.backups = backups
    self.gateway = gateway
    self.restorer = restorer
    self.room = room
    self.tasks = tasks
    self.logger = logger
  }

  /// Takes up the restores that a stopped coordinator left running; each step is idempotent.
  package func resume() async {
    do {
      for record in try await store.restores() where record.state == .running {
        start(record)
      }
    } catch {
      logger.error("running restores not read", metadata: ["error": "\(error)"])
    }
  }

  private func start(_ record: RestoreRecord) {
    busy[record.id] = Set(record.steps.map(\.member))
    tasks.run { await self.run(record) }
  }

  private func run(_ started: RestoreRecord) async {
    var record = started
    if let objects = started.objects {
      do throws(OperationError) {
        record.objects = try await restoreObjects(started, objects)
      } catch {
        record.state = .failed(reason: error.description)
        record.objects = (try? await store.restore(started.id))?.objects ?? objects
      }
    }
    for index in record.steps.indices where record.steps[index].restored == nil {
      do throws(OperationError) {
        record.steps[index].restored = try await restore(record.steps[index], of: record)
      } catch {
        record.state = .failed(reason: error.message)
        break
      }
      await save(record)
    }
    if Task.isCancelled { return busy[record.id] = nil }  // Resumed at the next start.
    if record.state == .running { record.state = .completed }
    record.endedAt = .now()
    await save(record)
    busy[record.id] = nil
    logger.notice(
      "restore ended", metadata: ["restore": "\(record.id)", "state": "\(record.state)"])
  }

  private func restore(_ step: RestoreRecord.Step, of record: RestoreRecord)
    async throws(OperationError) -> VolumeRef
  {
    let what = "\(step.source.containerPath) of \(step.member) on \(step.node)"
    let order = VolumeRestore(
      restore: record.id, source: step.source,
      place: record.into.map { .beside(directory: $0) } ?? .original)
    let reply: NodeReply
    do {
      reply = try await gateway.request(
        .restore(order), to: step.node, timeout: Self.volumeLimit)
    } catch {
      throw OperationError(.unavailable, "\(what) was not restored: \(error.message)")
    }
    switch reply {
    case .restored(let volume): return volume
    case .failed(let refusal):
      throw OperationError(.conflict, "\(what) was not restored: \(refusal)")
    case .done, .probed, .ran, .found:
      throw OperationError(.unavailable, "\(what): the agent gave an answer to another request")
    }
  }

  func save(_ record: RestoreRecord) async {
    do {
      try await store.saveRestore(record)
    } catch {
      // The steps are idempotent: what is not recorded as done is asked for once more.
      logger.error(
        "restore not recorded", metadata: ["restore": "\(record.id)", "error": "\(error)"])
    }
  }
}

extension RestoreService: RestoreOperations {
  package func restores() async throws(OperationError) -> [RestoreRecord] {
    do { return try await store.restores() } catch { throw OperationError(error) }
  }

  package func restore(_ id: RestoreID) async throws(OperationError) -> RestoreRecord {
    let found: RestoreRecord?
    do { found = try await store.restore(id) } catch { throw OperationError(error) }
    guard let found else {
      throw OperationError(
        .notFound, "there is no restore \(id)", hint: "see 'stillpoint restore list'")
    }
    return found
  }

  package func createRestore(_ request: RestoreRequest, author: String)
    async throws(OperationError) -> RestoreRecord
  {
    try await create(request, as: try newID(), author: author)
  }

  private func create(_ request: RestoreRequest, as id: RestoreID, author: String)
    async throws(OperationError) -> RestoreRecord
  {
    let backup = try await backups.backup(request.backup)
    try await judge(backup, request)
    if let order = request.objects {
      return try await createObjects(request, order, of: backup, as: id, author: author)
    }
    let steps = try await RestorePlanner.steps(
      of: backup, services: request.services, into: request.into,
      snapshots: backups.snapshots(of: backup))
    try await refuseMixing(request, steps)
    let record = RestoreRecord(
      id: id, backup: request.backup, into: request.into,
      createdBy: author, createdAt: .now(), endedAt: nil, state: .running, steps: steps)
    return try await begin(
      record, detail: "backup \(request.backup)" + (request.into.map { " into \($0)" } ?? ""))
  }

  private func createObjects(
    _ request: RestoreRequest, _ order: ObjectRestoreOrder, of backup: BackupRecord,
    as id: RestoreID, author: String
  ) async throws(OperationError) -> RestoreRecord {
    _ = try objectRestorer()
    let order = try checked(request, order, backup)
    let targets = try targets(order, of: backup)
    try await refuseSharing(targets)
    return try await begin(
      RestoreRecord(
        id: id, backup: request.backup, into: nil, createdBy: author, createdAt: .now(),
        endedAt: nil, state: .running, steps: [],
        objects: ObjectRestoreState(order: order, targets: targets)),
      detail: "backup \(request.backup), objects into \(targets.joined(separator: ", "))"
        + (order.services.map { " of \($0.map(\.text).joined(separator: ", "))" } ?? ""))
  }

  /// The order with the services that are asked for.
  private func checked(
    _ request: RestoreRequest, _ order: ObjectRestoreOrder, _ backup: BackupRecord
  ) throws(OperationError) -> ObjectRestoreOrder {
    guard request.into == nil else {
      throw OperationError(
        .invalid, "objects are restored into namespaces, and not into a directory of the nodes")
    }
    guard !request.services.isEmpty else { return order }
    try RestorePlanner.requireServices(request.services, of: backup)
    var order = order
    order.services = request.services
    return order
  }

  package func previewRestore(_ request: RestoreRequest) async throws(OperationError)
    -> [ObjectAction]
  {
    guard let order = request.objects else {
      throw OperationError(.invalid, "only a restore of objects has actions to be shown")
    }
    let backup = try await backups.backup(request.backup)
    try await judge(backup, request)
    let checked = try checked(request, order, backup)
    _ = try targets(checked, of: backup)
    guard let job = try await job(try newID(), backup, checked) else {
      throw OperationError(
        .unavailable, "the objects of other restores leave no room to look at those of this one",
        hint: "try again when one of them has ended")
    }
    return try await objectRestorer().actions(of: job)
  }

  private func begin(_ record: RestoreRecord, detail: String) async throws(OperationError)
    -> RestoreRecord
  {
    do {
      try await store.saveRestore(record)
      try await audit.audit(
        AuditEntry(
          time: .now(), actor: record.createdBy, action: "restore.create", object: record.id.text,
          detail: detail))
    } catch {
      throw OperationError(error)
    }
    start(record)
    return record
  }

  private func newID() throws(OperationError) -> RestoreID {
    do {
      return try RestoreID(DatedName.make("restore", at: .now(), random: SystemRandom()))
    } catch {
      throw OperationError(.invalid, "\(error)")
    }
  }

  /// The proof is evaluated anew: a backup is restored for what it proves today.
  private func judge(_ backup: BackupRecord, _ request: RestoreRequest)
    async throws(OperationError)
  {
    let id = request.backup
    guard backup.deletionBegan == nil else {
      throw OperationError(.conflict, "backup \(id) is being deleted")
    }
    let verdict = try await backups.verify(id)
    if verdict.grade == .failed {
      throw OperationError(.conflict, "backup \(id) failed: \(verdict.sentence)")
    }
    if verdict.grade == .unproven && !request.acceptUnproven {
      throw OperationError(
        .conflict, "backup \(id) is unproven: \(verdict.sentence)",
        hint: "if nothing better exists, restore it with --accept-unproven")
    }
    if let into = request.into, !into.hasPrefix("/") || into.contains("/../") {
      throw OperationError(.invalid, "'\(into)' is no absolute directory of the nodes")
    }
  }

  /// Volumes of two cuts never come to lie side by side as if they belonged together.
  private func refuseMixing(_ request: RestoreRequest, _ steps: [RestoreRecord.Step])
    async throws(OperationError)
  {
    let members = Set(steps.map(\.member))
    if let (other, shared) = busy.first(where: { !$0.value.isDisjoint(with: members) }) {
      let names = shared.intersection(members).map(\.text).sorted().joined(separator: ", ")
      throw OperationError(
        .conflict, "restore \(other) is restoring \(names)", hint: "wait until it has ended")
    }
    guard let into = request.into else { return }
    for earlier in try await restores()
    where earlier.into == into && earlier.backup != request.backup {
      throw OperationError(
        .conflict,
        "\(into) was used by restore \(earlier.id) of another backup, \(earlier.backup): two cuts would be mixed",
        hint: "choose another directory")
    }
  }
}

extension RestoreService: ClusterRestores {
  package func createRestore(_ request: RestoreRequest, as id: RestoreID, author: String)
    async throws(OperationError) -> RestoreRecord
  {
    if let known = try await find(id) { return known }
    return try await create(request, as: id, author: author)
  }

  package func find(_ id: RestoreID) async throws(OperationError) -> RestoreRecord? {
    do { return try await store.restore(id) } catch { throw OperationError(error) }
  }
}
