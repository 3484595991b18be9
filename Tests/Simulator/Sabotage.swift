import AgentCore
import CoordinatorCore
import CutProtocol
import Model

/// Breaks one rule by a faulty part around the production code; does nothing without a mutant.
struct Sabotage: Sendable {
  let mutant: Mutant?

  init(_ mutant: Mutant?) { self.mutant = mutant }

  func catalog(_ catalog: SimulatedCatalog) -> any CutStore {
    switch mutant {
    case .sendBeforeDurable, .witnessIgnored, .recoveryTrustsStored:
      CarelessStore(catalog: catalog, mutant: mutant)
    default: catalog
    }
  }

  func turns() -> CutTurns {
    guard mutant == .turnsIgnored else { return CutTurns() }
    return CutTurns { plan in
      var empty = plan
      empty.members = []
      return CutClaims(empty)
    }
  }

  func snapshots(_ provider: SimulatedSnapshots) -> any SnapshotProvider {
    mutant == .snapshotNotAwaited ? ImpatientSnapshots(provider: provider) : provider
  }

  func hold(_ hold: SimulatedHold) -> any PreparedHold {
    switch mutant {
    case .thirdPartyThawHidden: BlindHold(hold)
    case .stuckReleaseTrusted: TrustingHold(hold: hold)
    default: hold
    }
  }

  func clock(_ clock: SimulatedClock, _ node: NodeHost) -> any CutClock {
    mutant == .leaseNeverChecked ? StoppedClock(clock: clock) : clock
  }

  func storageName(_ name: SnapshotName, _ volume: VolumeRef) -> String {
    mutant == .nameWithoutHold ? name.member.text : name.text(volume: volume.handle)
  }

  /// The guardian is armed, and nothing is held yet.
  func armed(_ hold: HoldID, _ record: HoldRecord, _ agent: AgentLife) async {
    guard mutant == .frozenTooEarly else { return }
    agent.connection?.send(
      CutReport(fence: record.fence, member: record.member, news: .frozen(hold)))
  }

  func coordinatorBegins(_ closer: AttemptCloser, _ store: FleetStore, epoch: UInt64) async {
    guard mutant == .recoveryTrustsStored else { return }
    for entry in store.unfinished().members {
      guard let certificate = entry.certificate else { continue }
      await closer.reported(
        CutReport(
          fence: entry.fence, member: entry.member, news: .certified(certificate), obeyed: epoch),
        from: entry.node, isAwaited: false)
    }
  }

  func handling(_ order: CutOrder, on node: NodeHost) async {
    switch (mutant, order) {
    case (.renewalRevives, .renew), (.freezeTwice, .freeze): takeAgain(order, on: node)
    default: break
    }
  }

  /// Closes the service again under a hold that was in force before and is over.
  private func takeAgain(_ order: CutOrder, on node: NodeHost) {
    let world = node.world
    guard let service = world.service(order.member),
      let past = world.ghost.last(order.fence, service: service), past.ended != nil
    else { return }
    let record = HoldRecord(
      hold: past.id, member: order.member, fence: order.fence, takenAt: node.machine.wall,
      rescue: [])
    _ = world.closed(service, record, on: node, isLie: false)
  }

  func handled(_ order: CutOrder, by cuts: CutService?, on node: NodeHost) async {
    guard mutant == .witnessIgnored, case .freeze(let fence, let member, _) = order else { return }
    // The agent makes up a witness of its own as soon as it holds.
    while let cuts, node.agent?.process.isAlive == true {
      let held = await cuts.held().first { $0.fence == fence && $0.member == member }
      guard let held else { return }
      await cuts.handle(
        .witness(fence: fence, member: member, vector: WitnessVector([member: held.hold])))
      guard (try? await node.agent?.process.pause(.milliseconds(10))) != nil else { return }
    }
  }
}

/// Believes vectors that differ, answers before it has stored, or never forgets what it believed.
private struct CarelessStore: CutStore {
  let catalog: SimulatedCatalog
  let mutant: Mutant?

  func begin(_ fence: Fence, of backup: BackupID, group: Int, members: [ServiceName])
    async throws(CatalogError)
  {
    guard mutant == .sendBeforeDurable else {
      return try await catalog.begin(fence, of: backup, group: group, members: members)
    }
    catalog.process.spawn {
      // Whether it is ever stored, nobody asks: that is the mutant.
      try? await catalog.begin(fence, of: backup, group: group, members: members)
    }
  }

  func commit(_ outcome: CutOutcome, epoch: UInt64) async throws(CatalogError) {
    var outcome = outcome
    if mutant == .witnessIgnored, outcome.verdict.grade == .serviceConsistent {
      outcome.verdict.grade = .applicationConsistent
    }
    try await catalog.commit(outcome, epoch: epoch)
  }

  func create(_ plan: SealedPlan, by author: String) async throws(CatalogError) {
    try await catalog.create(plan, by: author)
  }
  func keep(_ certificate: HoldCertificate, fence: Fence, member: ServiceName)
    async throws(CatalogError)
  { try await catalog.keep(certificate, fence: fence, member: member) }
  func close(_ fence: Fence, member: ServiceName) async throws(CatalogError) {
    // What an undecided cut has stored stays believed, whatever its agents have said since.
    if mutant == .recoveryTrustsStored, catalog.world.store.isUndecided(fence) { return }
    try await catalog.close(fence, member: member)
  }
  func unfinished() async throws(CatalogError) -> UnfinishedWork { try await catalog.unfinished() }
}

/// Counts a snapshot as cut as soon as it was asked for.
private struct ImpatientSnapshots: SnapshotProvider {
  let provider: SimulatedSnapshots

  func cut(_ volumes: [MemberVolume], name: SnapshotName, clock: @Sendable () -> Duration)
    async throws(Refusal) -> [SnapshotRecord]
  {
    guard let volume = volumes.first, let service = provider.agent.world.service(name.member) else {
      return []
    }
    let requested = clock()
    provider.agent.process.spawn { [provider] in
      // Nobody waits for its answer: that is the mutant.
      _ = try? await provider.cut(volumes, name: name, clock: { requested })
    }
    return [
      provider.record(
        volume, name, name.text(volume: volume.volume.handle), service, requested: requested,
        acknowledged: clock())
    ]
  }

  func volume(at hostPath: String) async throws(Refusal) -> VolumeRef? { nil }
  func prepare(_ volumes: [MemberVolume]) async throws(Refusal) -> Duration {
    try await provider.prepare(volumes)
  }
  func delete(driver: DriverName, snapshot: SnapshotHandle, group: SnapshotHandle?)
    async throws(Refusal)
  { try await provider.delete(driver: driver, snapshot: snapshot, group: group) }
  func deleteOrphans(_ volumes: [MemberVolume], name: SnapshotName) async throws(Refusal) -> Int {
    try await provider.deleteOrphans(volumes, name: name)
  }
  func restore(_ order: VolumeRestore) async throws(Refusal) -> VolumeRef { order.source.volume }
  func probe(_ order: DriverProbe) async throws(Refusal) -> ProbeFindings {
    try await provider.probe(order)
  }
}

/// Notices nothing of what others do to its hold.
private final class BlindHold: PreparedHold, @unchecked Sendable {
  private let hold: SimulatedHold
  private var first: StateToken?

  init(_ hold: SimulatedHold) { self.hold = hold }

  var readiness: HoldReadiness { hold.readiness }
  func hold() async throws(Refusal) { try await hold.hold() }

  func token() async throws(Refusal) -> StateToken {
    if let first { return first }
    let token = try await hold.token()
    first = token
    return token
  }

  func release() async -> ReleaseFinding {
    _ = await hold.release()
    return ReleaseFinding(endedThisHold: true)
  }

  func discard() async { await hold.discard() }
}

/// Takes every release for the end of its hold.
private struct TrustingHold: PreparedHold {
  let hold: SimulatedHold

  var readiness: HoldReadiness { hold.readiness }
  func hold() async throws(Refusal) { try await hold.hold() }
  func token() async throws(Refusal) -> StateToken { try await hold.token() }

  func release() async -> ReleaseFinding {
    var finding = await hold.release()
    finding.mayHold = false
    return finding
  }

  func discard() async { await hold.discard() }
}

/// A clock that an agent reads but that never shows a lease's end.
private struct StoppedClock: CutClock {
  let clock: SimulatedClock

  func now() -> Duration { .seconds(1) + clock.now() / 1_000_000 }

  func sleep(until deadline: Duration) async throws {
    try await clock.sleep(until: clock.now() + (deadline - now()))
  }
}
