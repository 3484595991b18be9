package import CutProtocol
package import Foundation
package import Lifecycle
package import Logging
package import Model

/// Takes backups: plans, cuts every group, commits by evidence, and deletes again.
package actor BackupService {
  /// What a backup needs around it.
  package struct Environment: Sendable {
    package var fleet: FleetID
    package var cuts: any CutStore
    package var backups: any BackupStore
    package var plans: any PlanStore
    package var placements: any PlacementStore
    package var audit: any AuditStore
    package var gateway: any AgentGateway
    package var driver: CutDriver
    package var closer: AttemptCloser
    package var fences: FenceSource
    package var turns: CutTurns
    package var verifier: any CertificateVerifier
    /// The fleet's authority certificates, DER, which every exported backup carries.
    package var authorities: [Data]
    package var times: CutTimes
    package var clock: any CutClock
    package var random: any RandomSource
    /// Nil where nobody asks by request.
    package var requests: (any BackupRequestStore)?
    /// Nil where no cluster is served.
    package var manifests: ManifestKeeping?
    /// Nil where nothing is exported.
    package var archive: (any BackupArchive)?
    package var logger: Logger

    package init(
      fleet: FleetID, cuts: any CutStore, backups: any BackupStore, plans: any PlanStore,
      placements: any PlacementStore, audit: any AuditStore, gateway: any AgentGateway,
      driver: CutDriver, closer: AttemptCloser, fences: FenceSource, turns: CutTurns,
      verifier: any CertificateVerifier, authorities: [Data], times: CutTimes,
      clock: any CutClock = BootClock(), random: any RandomSource = SystemRandom(),
      requests: (any BackupRequestStore)? = nil, manifests: ManifestKeeping? = nil,
      archive: (any BackupArchive)? = nil,
      logger: Logger
    ) {
      self.fleet = fleet
      self.cuts = cuts
      self.backups = backups
      self.plans = plans
      self.placements = placements
      self.audit = audit
      self.gateway = gateway
      self.driver = driver
      self.closer = closer
      self.fences = fences
      self.turns = turns
      self.verifier = verifier
      self.authorities = authorities
      self.times = times
      self.clock = clock
      self.random = random
      self.requests = requests
      self.manifests = manifests
      self.archive = archive
      self.logger = logger
    }
  }

  let environment: Environment
  /// Runs the cuts; owned and run by the coordinator.
  let tasks: Crew
  /// A backup from its creation to its outcome.
  struct Running {
    var progress: CutProgress
    var cancellation = CutCancellation()
    /// Whether an earlier coordinator had stored it.
    var isTakenUp: Bool
  }

  private var running: [BackupID: Running] = [:]
  var queue = ArchiveQueue()

  package init(environment: Environment, tasks: Crew) {
    self.environment = environment
    self.tasks = tasks
  }

  package func waiting() -> [BackupID: String] {
    running.compactMapValues(\.progress.standing.waitsFor)
  }

  /// Those whose turn has come.
  var runningBackups: [BackupID] {
    running.filter { $0.value.progress.standing.waitsFor == nil }.keys.sorted()
  }

  /// At most this many cuts run or wait at once; each holds applications, so more would only wait for each other.
  private static let mostRunning = 32

  package func createBackup(of name: PlanName, author: String) async throws(OperationError)
    -> BackupID
  {
    try await start(name, author) { (plan, author) throws(CatalogError) in
      try await self.environment.cuts.create(plan, by: author)
    }
  }

  /// Plans and starts a cut that `store` makes durable.
  func start(
    _ name: PlanName, _ author: String,
    _ store: (SealedPlan, String) async throws(CatalogError) -> Void
  ) async throws(OperationError) -> BackupID {
    guard running.count < Self.mostRunning else {
      throw OperationError(
        .unavailable, "\(running.count) backups are already running or waiting")
    }
    guard
      let record = try await reading({ () throws(CatalogError) in
        try await environment.plans.plan(name)
      })
    else {
      throw OperationError(
        .notFound, "there is no plan \(name)", hint: "see 'stillpoint plan list'")
    }
    let placements = try await reading { () throws(CatalogError) in
      try await environment.placements.running(on: nil)
    }
    let id = try newID(for: name)
    let plan = try CutPlanner.plan(
      record.plan, running: placements, backup: id, fleet: environment.fleet,
      at: environment.clock.timestamp())
    let sealed: SealedPlan
    do {
      sealed = try SealedPlan(plan)
    } catch {
      throw OperationError(.invalid, "the cut's plan cannot be encoded: \(error)")
    }
    // Before it is stored: what is stored and has no place was left by an earlier coordinator.
    let turn = try await environment.turns.join(.backup(id), plan)
    do throws(OperationError) {
      try await reading { () throws(CatalogError) in try await store(sealed, author) }
    } catch {
      await environment.turns.leave(turn)
      throw error
    }
    await begin(sealed, turn, within: environment.times.turn, isTakenUp: false)
    try? await environment.audit.audit(
      AuditEntry(
        time: environment.clock.timestamp(), actor: author, action: "backup.create",
        object: id.text))
    return id
  }

  /// Runs a stored cut when its turn has come, which it waits for `limit` at most.
  func begin(
    _ plan: SealedPlan, _ turn: CutTurns.Turn, within limit: Duration, isTakenUp: Bool
  ) async {
    let cut = Running(progress: CutProgress(clock: environment.clock), isTakenUp: isTakenUp)
    let deadline = environment.clock.now() + limit
    running[plan.plan.backup] = cut
    await environment.closer.began(plan.plan.backup)
    tasks.run { await self.run(plan, cut, turn, until: deadline) }
  }

  private func newID(for plan: PlanName) throws(OperationError) -> BackupID {
    do {
      return try BackupID(
        DatedName.make(plan.text, at: environment.clock.timestamp(), random: environment.random))
    } catch {
      throw OperationError(.invalid, "no backup ID can be made from plan name \(plan): \(error)")
    }
  }

  private func run(
    _ plan: SealedPlan, _ cut: Running, _ turn: CutTurns.Turn, until deadline: Duration
  ) async {
    let id = plan.plan.backup
    let progress = cut.progress
    let writer = BackupLogWriter(
      backup: id, store: environment.backups, clock: environment.clock,
      logger: environment.logger)
    let entries = progress.watch()
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await writer.run(entries) }
      switch await wait(for: turn, of: plan.plan, cut, until: deadline) {
      case .come:
        await withManifests(of: plan, progress) {
          var results = await cut.cancellation.cancelling { await self.cutGroups(of: plan, cut) }
          // Whoever asked for its end was told that it comes, also when all was just done.
          if let reason = cut.cancellation.close() { results = [.failed(sentence: reason)] }
          await end(plan, results, progress)
        }
      case .notBegun(let sentence):
        cut.cancellation.close()
        await end(plan, [.failed(sentence: sentence)], progress)
      case .stopped: progress.note(nil, "the coordinator stops; its next start takes this up")
      }
      progress.end()
      await tasks.waitForAll()
    }
    running[id] = nil
    await waitUntilNobodyIsHeld(after: plan.plan)
    await environment.turns.leave(turn)
  }

  private func end(
    _ plan: SealedPlan, _ results: [CoordinatorCut.Result], _ progress: CutProgress
  ) async {
    await commit(await outcome(of: plan, results), progress)
    await environment.closer.ended(plan.plan.backup)
  }

  private func cutGroups(of plan: SealedPlan, _ cut: Running) async -> [CoordinatorCut.Result] {
    let driver = environment.driver
    let times = environment.times
    return await withTaskGroup(of: (Int, CoordinatorCut.Result).self) { groups in
      for group in Set(plan.plan.members.map(\.group)).sorted() {
        groups.addTask {
          let result = await driver.run(
            plan: plan, group: group, times: times,
            cancelled: {
              cut.cancellation.reason ?? "the coordinator was stopped during the cut"
            }, progress: cut.progress)
          return (group, result)
        }
      }
      var results: [Int: CoordinatorCut.Result] = [:]
      for await (group, result) in groups { results[group] = result }
      return results.sorted { $0.key < $1.key }.map(\.value)
    }
  }

  private func outcome(of plan: SealedPlan, _ results: [CoordinatorCut.Result]) async -> CutOutcome
  {
    var groups: [GroupEvidence] = []
    var failures: [String] = []
    for result in results {
      switch result {
      case .evidence(let evidence): groups.append(evidence)
      case .failed(let sentence): failures.append(sentence)
      }
    }
    let evidence = BackupEvidence(
      plan: plan.bytes, groups: groups, authorities: environment.authorities, recorded: nil)
    var verdict = await Grader.verdict(of: evidence, verifier: environment.verifier)
    if let first = failures.first { verdict.sentence = first }
    return CutOutcome(
      backup: plan.plan.backup, verdict: verdict, groups: groups,
      endedAt: environment.clock.timestamp())
  }

  /// Commits one outcome; also used for what recovery finds. Tries again while the disk is full, since certificates exist.
  package func commit(_ outcome: CutOutcome, _ progress: CutProgress? = nil) async {
    var pause = Duration.milliseconds(200)
    while true {
      let epoch = await environment.fences.epoch
      do throws(CatalogError) {
        try await environment.cuts.commit(outcome, epoch: epoch)
        progress?.note(nil, "\(outcome.verdict.grade.rawValue): \(outcome.verdict.sentence)")
        environment.logger.notice(
          "cut committed",
          metadata: [
            "backup": "\(outcome.backup)", "grade": "\(outcome.verdict.grade.rawValue)",
            "reason": "\(outcome.verdict.sentence)",
          ])
        // Apart from the cut: a directory that does not answer must not keep it from having ended.
        tasks.run { await self.export(outcome.backup) }
        return
      } catch {
        environment.logger.error(
          "cut not committed", metadata: ["backup": "\(outcome.backup)", "error": "\(error)"])
        progress?.note(nil, "not committed yet: \(error)")
        let clock = environment.clock
        guard [.full, .storage, .conflict].contains(error.code),
          (try? await clock.sleep(until: clock.now() + pause)) != nil
        else { return }
        // A conflict is final, unless it was this coordinator that has raised its epoch meanwhile.
        if error.code == .conflict, await environment.fences.epoch == epoch { return }
        pause = min(pause * 2, .seconds(10))
      }
    }
  }

  func progressNow(of id: BackupID) -> CutProgress? { running[id]?.progress }

  func cancellation(of id: BackupID) -> CutCancellation? { running[id]?.cancellation }

  /// Turns a catalog's error into the operator's.
  func reading<Value: Sendable>(_ work: () async throws(CatalogError) -> Value)
    async throws(OperationError) -> Value
  {
    do throws(CatalogError) {
      return try await work()
    } catch {
      throw OperationError(error)
    }
  }
}
