import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Logging
import Model
import Synchronization
import Testing

/// What a coordinator does about a cut that an earlier one left without an outcome.
@Suite struct `The recovery of a cut` {
  private static let services = ["orders", "payments"]

  /// A cut that was begun and has no outcome, with its members prepared.
  private struct Interrupted {
    var plan: SealedPlan
    var fence: Fence
  }

  private func interrupt(_ coordinator: TestCoordinator) async throws -> Interrupted {
    try await coordinator.stock(Self.services)
    let members = try Self.services.map { service in
      let placement = try Shop.placement(service)
      return MemberPlan(
        name: placement.service, node: placement.node, container: placement.container,
        containerName: service, pod: service, namespace: "shop", image: placement.image,
        imageDigest: "", holds: [.filesystem],
        volumes: placement.mounts.compactMap { mount in
          mount.volume.map { MemberVolume(containerPath: mount.containerPath, volume: $0) }
        }, dependsOn: [], group: 0, level: 0)
    }
    let plan = try SealedPlan(
      CutPlan(
        backup: BackupID("shop-interrupted"), fleet: FleetID("fleet"), plan: PlanName("shop"),
        environment: .test, requires: .applicationConsistent, policy: .strict,
        freeze: FreezeLimits(), createdAt: .now(), members: members))
    let fence = Fence(epoch: await coordinator.fences.epoch, cut: 1, attempt: 1)
    try await coordinator.catalog.create(plan, by: "test")
    try await coordinator.catalog.begin(
      fence, of: plan.plan.backup, group: 0, members: members.map(\.name))
    for member in members {
      try await coordinator.fleet.send(
        .prepare(fence: fence, member: member.name, plan: plan.bytes, lease: .seconds(3)),
        to: member.node)
    }
    return Interrupted(plan: plan, fence: fence)
  }

  /// Freezes the members and gives them their witness.
  private func complete(_ cut: Interrupted, _ fleet: FakeFleet) async throws {
    let members = cut.plan.plan.members
    for member in members {
      try await fleet.send(
        .freeze(fence: cut.fence, member: member.name, after: WitnessVector([:])), to: member.node)
    }
    // The fleet counts its holds in the order of the prepares.
    let holds = members.enumerated().map { index, member in
      (member.name, HoldID(boot: "boot-\(member.node)", incarnation: 1, counter: UInt64(index + 1)))
    }
    let vector = WitnessVector(Dictionary(uniqueKeysWithValues: holds))
    for member in members {
      try await fleet.send(
        .witness(fence: cut.fence, member: member.name, vector: vector), to: member.node)
    }
  }

  /// Runs a recovery to its end; the outcomes, and how long it took by its clock.
  private func recover(
    _ coordinator: TestCoordinator, store: any CutStore
  ) async -> (outcomes: [CutOutcome], took: Duration) {
    let clock = EagerClock()
    let outcomes = Mutex<[CutOutcome]>([])
    let recovery = CutRecovery(
      store: store, closer: coordinator.closer, turns: CutTurns(),
      verifier: NameVerifier(), authorities: [], clock: clock,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    await recovery.run(
      takeUp: { plan, _ in Issue.record("\(plan.plan.backup) had begun") },
      commit: { outcome in outcomes.withLock { $0.append(outcome) } })
    return (outcomes.withLock { $0 }, clock.now())
  }

  @Test func `lets go at once whoever was only prepared`() async throws {
    try await withCoordinator { coordinator in
      let cut = try await interrupt(coordinator)
      let (outcomes, took) = await recover(coordinator, store: coordinator.catalog)
      #expect(outcomes.map(\.backup) == [cut.plan.plan.backup])
      #expect(outcomes.map(\.verdict.grade) == [.failed])
      // One round to ask, one to see that nothing is left.
      #expect(took <= .seconds(1))
      #expect(try await coordinator.catalog.unfinished().members.isEmpty)
    }
  }

  @Test func `commits what every member stands by`() async throws {
    try await withCoordinator { coordinator in
      let cut = try await interrupt(coordinator)
      try await complete(cut, coordinator.fleet)
      let (outcomes, _) = await recover(coordinator, store: coordinator.catalog)
      #expect(outcomes.map(\.verdict.grade) == [.applicationConsistent])
    }
  }

  @Test func `does not count what was said to an earlier coordinator`() async throws {
    try await withCoordinator { coordinator in
      let cut = try await interrupt(coordinator)
      let member = try #require(cut.plan.plan.members.first)
      let certificate = HoldCertificate(statement: Data(), signature: Data(), chain: [])
      let epoch = await coordinator.fences.epoch
      for (obeyed, isConfirmed) in [(epoch - 1, false), (epoch + 1, false), (epoch, true)] {
        await coordinator.closer.reported(
          CutReport(
            fence: cut.fence, member: member.name, news: .certified(certificate), obeyed: obeyed),
          from: member.node, isAwaited: false)
        #expect(await coordinator.closer.isConfirmed(cut.fence, member.name) == isConfirmed)
      }
    }
  }

  @Test func `goes on once a catalog that could not be read can be`() async throws {
    try await withCoordinator { coordinator in
      let cut = try await interrupt(coordinator)
      try await complete(cut, coordinator.fleet)
      // Both when it begins and between two rounds.
      let store = UnreadableCuts(coordinator.catalog, failing: [1, 2, 4, 5, 6])
      let (outcomes, took) = await recover(coordinator, store: store)
      #expect(outcomes.map(\.backup) == [cut.plan.plan.backup])
      #expect(outcomes.map(\.verdict.grade) == [.applicationConsistent])
      #expect(store.reads >= 7)
      // A second after each failure.
      #expect(took >= .seconds(5))
    }
  }
}

/// Whoever sleeps wakes at once, and it is as late as was asked for.
private final class EagerClock: CutClock {
  private let time = Mutex(Duration.zero)

  func now() -> Duration { time.withLock { $0 } }

  func sleep(until deadline: Duration) async throws {
    try Task.checkCancellation()
    time.withLock { $0 = max($0, deadline) }
    await Task.yield()
  }
}

/// A catalog that cannot tell what is unfinished when it is asked for these times.
private final class UnreadableCuts: CutStore {
  private let cuts: any CutStore
  private let failing: Set<Int>
  private let count = Mutex(0)

  init(_ cuts: any CutStore, failing: Set<Int>) {
    self.cuts = cuts
    self.failing = failing
  }

  var reads: Int { count.withLock { $0 } }

  func unfinished() async throws(CatalogError) -> UnfinishedWork {
    let number = count.withLock { count in
      count += 1
      return count
    }
    guard !failing.contains(number) else {
      throw CatalogError(.storage, "the disk does not answer")
    }
    return try await cuts.unfinished()
  }

  func create(_ plan: SealedPlan, by author: String) async throws(CatalogError) {
    try await cuts.create(plan, by: author)
  }

  func begin(
    _ fence: Fence, of backup: BackupID, group: Int, members: [ServiceName]
  ) async throws(CatalogError) {
    try await cuts.begin(fence, of: backup, group: group, members: members)
  }

  func keep(
    _ certificate: HoldCertificate, fence: Fence, member: ServiceName
  ) async throws(CatalogError) {
    try await cuts.keep(certificate, fence: fence, member: member)
  }

  func commit(_ outcome: CutOutcome, epoch: UInt64) async throws(CatalogError) {
    try await cuts.commit(outcome, epoch: epoch)
  }

  func close(_ fence: Fence, member: ServiceName) async throws(CatalogError) {
    try await cuts.close(fence, member: member)
  }
}
