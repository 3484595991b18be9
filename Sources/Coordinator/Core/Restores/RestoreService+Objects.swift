internal import CutProtocol
internal import Model

extension RestoreService {
  /// All that is needed to restore the objects of a backup, read and compared with its digest anew; nil when other restores have
  /// the room for it.
  func job(
    _ id: RestoreID, _ backup: BackupRecord, _ order: ObjectRestoreOrder,
    ended: [HookOutcome] = []
  ) async throws(OperationError) -> ObjectRestoreJob? {
    let claim = ManifestRoom.Claim(room)
    guard let manifests = try await backups.openedManifests(of: backup, in: claim) else {
      return nil
    }
    let members = backup.plan.plan.members
    let links = members.map { MemberPlanLinks(name: $0.name, dependsOn: $0.dependsOn) }
    var job = ObjectRestoreJob(
      restore: id, backup: backup.plan.plan.backup, order: order,
      services: DependencyGraph(links).restoreOrder().filter {
        order.services?.contains($0) ?? true
      }.compactMap { backup.plan.plan.member($0) },
      manifests: manifests, snapshots: try await backups.snapshots(of: backup).map(\.record),
      ended: ended)
    job.claim = claim
    return job
  }

  /// The same for a restore that runs: it waits until others have ended, each of which has its own end.
  private func awaitedJob(_ record: RestoreRecord, _ state: ObjectRestoreState)
    async throws(OperationError) -> ObjectRestoreJob
  {
    let backup = try await backups.backup(record.backup)
    let clock = backups.environment.clock
    while true {
      if let job = try await job(
        record.id, backup, state.order, ended: state.hooks ?? [])
      {
        return job
      }
      var waiting = record
      waiting.objects = state
      waiting.objects?.phase = "waiting until other restores leave room for its objects"
      await save(waiting)
      do {
        try await clock.sleep(until: clock.now() + Self.roomInterval)
      } catch {
        throw OperationError(.unavailable, "the coordinator stops")
      }
    }
  }

  func objectRestorer() throws(OperationError) -> any ObjectRestorer {
    guard let restorer else {
      throw OperationError(
        .invalid, "this coordinator serves no cluster, and can restore no objects",
        hint: "set kubernetes: in the coordinator's configuration")
    }
    return restorer
  }

  /// Where the objects go; refuses what cannot be meant.
  func targets(_ order: ObjectRestoreOrder, of backup: BackupRecord) throws(OperationError)
    -> [String]
  {
    let id = backup.plan.plan.backup
    guard let manifests = backup.manifests, [.complete, .partial].contains(manifests.state) else {
      throw OperationError(
        .conflict,
        "backup \(id) has no manifests: \(backup.manifests?.sentence ?? "none were taken")",
        hint: "restore its volumes alone, without --objects")
    }
    for (source, target) in order.namespaces.sorted(by: { $0.key < $1.key }) {
      guard manifests.namespaces.contains(source) else {
        throw OperationError(
          .invalid,
          "backup \(id) has nothing of namespace '\(source)' (it has: "
            + manifests.namespaces.joined(separator: ", ") + ")")
      }
      guard NamespaceName.accepts(target) else {
        throw OperationError(
          .invalid, "'\(target)' is no valid namespace name: must be \(NamespaceName.rule)")
      }
    }
    let targets = manifests.namespaces.map { order.target(of: $0) }
    guard Set(targets).count == targets.count else {
      throw OperationError(.invalid, "two namespaces of backup \(id) would become one")
    }
    return targets.sorted()
  }

  /// Two restores that write to one namespace would mix two moments.
  func refuseSharing(_ targets: [String]) async throws(OperationError) {
    for other in try await restores() where other.state == .running {
      guard let shared = other.objects?.targets.first(where: targets.contains) else { continue }
      throw OperationError(
        .conflict, "restore \(other.id) is restoring into namespace \(shared)",
        hint: "wait until it has ended")
    }
  }

  func restoreObjects(_ record: RestoreRecord, _ state: ObjectRestoreState)
    async throws(OperationError) -> ObjectRestoreState
  {
    let restorer = try objectRestorer()
    let job = try await awaitedJob(record, state)
    let latest = LatestState(state)
    try await restorer.perform(job) { news in
      var record = record
      record.objects = await latest.note(news)
      await self.save(record)
    }
    return await latest.state
  }
}

/// How far a restore has come, as it was last told.
private actor LatestState {
  private(set) var state: ObjectRestoreState

  init(_ state: ObjectRestoreState) { self.state = state }

  func note(_ news: ObjectRestoreNews) -> ObjectRestoreState {
    switch news {
    case .phase(let phase, let done, let total):
      (state.phase, state.done, state.total) = (phase, done, total)
    case .hook(let outcome): state.hooks = (state.hooks ?? []) + [outcome]
    }
    return state
  }
}
