import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Synchronization
import Testing

/// Restores nothing, and remembers what it was asked for.
private final class FakeRestorer: ObjectRestorer {
  private let jobs = Mutex<[ObjectRestoreJob]>([])
  let failure: OperationError?
  let outcome: HookOutcome?

  init(failing failure: OperationError? = nil, telling outcome: HookOutcome? = nil) {
    self.failure = failure
    self.outcome = outcome
  }

  var asked: [ObjectRestoreJob] { jobs.withLock { $0 } }

  func actions(of job: ObjectRestoreJob) async throws(OperationError) -> [ObjectAction] {
    job.manifests.map {
      ObjectAction(stage: "s", verb: .create, resource: $0.resource, namespace: nil, name: $0.name)
    }
  }

  func perform(
    _ job: ObjectRestoreJob, _ tell: @Sendable (ObjectRestoreNews) async -> Void
  ) async throws(OperationError) {
    jobs.withLock { $0.append(job) }
    await tell(.phase("claims", done: 1, total: 2))
    if let failure { throw failure }
    if let outcome { await tell(.hook(outcome)) }
    await tell(.phase("done", done: 2, total: 2))
  }
}

/// Holds each restore until it is let go.
private final class PatientRestorer: ObjectRestorer {
  private let letGo = AsyncStream<Void>.makeStream()
  let began = AsyncStream<RestoreID>.makeStream()

  func release() { letGo.continuation.finish() }

  func actions(of job: ObjectRestoreJob) async throws(OperationError) -> [ObjectAction] { [] }

  func perform(
    _ job: ObjectRestoreJob, _ tell: @Sendable (ObjectRestoreNews) async -> Void
  ) async throws(OperationError) {
    began.continuation.yield(job.restore)
    for await _ in letGo.stream {}
  }
}

struct `A restore of a backup's objects` {
  private func ended(_ id: RestoreID, _ coordinator: TestCoordinator) async throws -> RestoreRecord
  {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
      let record = try await coordinator.restores.restore(id)
      if record.state != .running { return record }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw OperationError(.unavailable, "the restore does not end")
  }

  private func request(_ backup: BackupID, _ namespaces: [String: String] = [:]) -> RestoreRequest {
    RestoreRequest(
      backup: backup, services: [], into: nil, acceptUnproven: false,
      objects: ObjectRestoreOrder(namespaces: namespaces))
  }

  @Test func `hands over everything in clear, in the plan's order, and records how far it came`()
    async throws
  {
    let restorer = FakeRestorer()
    try await withCoordinator(source: FakeSource(), restorer: restorer) { coordinator in
      try await coordinator.stock()
      let backup = try await coordinator.backUp().plan.plan.backup
      let preview = try await coordinator.restores.previewRestore(request(backup))
      #expect(preview.map(\.resource) == ["configmaps", "secrets"] && restorer.asked.isEmpty)
      let record = try await coordinator.restores.createRestore(
        request(backup, ["shop": "copy"]), author: "ann")
      let end = try await ended(record.id, coordinator)
      #expect(end.state == .completed)
      #expect(end.objects?.targets == ["copy"] && end.objects?.phase == "done")
      let job = try #require(restorer.asked.first)
      #expect(job.services.map(\.name.text) == ["orders", "payments"])
      #expect(job.manifests.allSatisfy { $0.content == FakeSource.manifest("secrets").content })
      #expect(job.snapshots.count == 2)
    }
  }

  @Test func `takes no more memory together with others than there is room for`() async throws {
    let restorer = PatientRestorer()
    // Enough for the manifests of one backup of `FakeSource`, not of two.
    let room = ManifestRoom(bytes: 3000)
    try await withCoordinator(source: FakeSource(), restorer: restorer, room: room) { coordinator in
      try await coordinator.stock()
      let backup = try await coordinator.backUp().plan.plan.backup
      let first = try await coordinator.restores.createRestore(
        request(backup, ["shop": "one"]), author: "ann")
      for await id in restorer.began.stream where id == first.id { break }
      let refused = await #expect(throws: OperationError.self) {
        try await coordinator.restores.previewRestore(request(backup))
      }
      #expect(refused?.code == .unavailable)
      #expect(refused?.message.contains("leave no room") == true)
      let second = try await coordinator.restores.createRestore(
        request(backup, ["shop": "two"]), author: "ann")
      let deadline = ContinuousClock.now + .seconds(30)
      while try await coordinator.restores.restore(second.id).objects?.phase
        != "waiting until other restores leave room for its objects"
      {
        try #require(ContinuousClock.now < deadline)
        try await Task.sleep(for: .milliseconds(10))
      }
      restorer.release()
      #expect(try await ended(first.id, coordinator).state == .completed)
      #expect(try await ended(second.id, coordinator).state == .completed)
      _ = try await coordinator.restores.previewRestore(request(backup))
    }
  }

  @Test func `is carried on by the next coordinator`() async throws {
    let restorer = FakeRestorer()
    try await withCoordinator(source: FakeSource(), restorer: restorer) { coordinator in
      try await coordinator.stock()
      let backup = try await coordinator.backUp().plan.plan.backup
      let id = try RestoreID("r1")
      // As a coordinator leaves it that was killed in mid-restore.
      try await coordinator.catalog.saveRestore(
        RestoreRecord(
          id: id, backup: backup, into: nil, createdBy: "ann", createdAt: .now(), endedAt: nil,
          state: .running, steps: [],
          objects: ObjectRestoreState(
            order: ObjectRestoreOrder(), targets: ["shop"], phase: "claims", done: 1, total: 2)))
      await #expect(throws: OperationError.self) {
        _ = try await coordinator.restores.createRestore(request(backup), author: "ann")
      }
      await coordinator.restores.resume()
      #expect(try await ended(id, coordinator).state == .completed)
      #expect(restorer.asked.map(\.restore) == [id])
    }
  }

  @Test func `of some services hands over these alone, and remembers which`() async throws {
    let restorer = FakeRestorer()
    try await withCoordinator(source: FakeSource(), restorer: restorer) { coordinator in
      try await coordinator.stock()
      let backup = try await coordinator.backUp().plan.plan.backup
      var some = request(backup)
      some.services = [try ServiceName("payments")]
      let record = try await coordinator.restores.createRestore(some, author: "ann")
      let end = try await ended(record.id, coordinator)
      #expect(end.state == .completed && end.objects?.order.services == some.services)
      #expect(restorer.asked.map { $0.services.map(\.name.text) } == [["payments"]])
    }
  }

  @Test func `remembers the hooks that ended, for whoever goes on`() async throws {
    func outcome(_ number: Int) throws -> HookOutcome {
      HookOutcome(
        service: try ServiceName("orders"), number: number, place: "shop/orders-0 container db",
        state: .succeeded, words: "exited with 0", endedAt: .now())
    }
    let (first, second) = (try outcome(1), try outcome(2))
    let restorer = FakeRestorer(telling: second)
    try await withCoordinator(source: FakeSource(), restorer: restorer) { coordinator in
      var plan = try Shop.plan()
      let hooks = [
        RestoreHook(command: ["/a"]), RestoreHook(command: ["/b"], onFailure: .continue),
      ]
      plan.services[0].afterRestore = hooks
      try await coordinator.stock(plan: plan)
      let backup = try await coordinator.backUp().plan.plan.backup
      let id = try RestoreID("r1")
      try await coordinator.catalog.saveRestore(
        RestoreRecord(
          id: id, backup: backup, into: nil, createdBy: "ann", createdAt: .now(), endedAt: nil,
          state: .running, steps: [],
          objects: ObjectRestoreState(
            order: ObjectRestoreOrder(), targets: ["shop"], hooks: [first])))
      await coordinator.restores.resume()
      let end = try await ended(id, coordinator)
      #expect(end.state == .completed && end.objects?.hooks == [first, second])
      let job = try #require(restorer.asked.first)
      // As they are in the proof of the backup.
      #expect(job.ended == [first] && job.services.first?.afterRestore == hooks)
    }
  }

  @Test func `tells why it failed, and where`() async throws {
    let restorer = FakeRestorer(failing: OperationError(.conflict, "no room", hint: "make some"))
    try await withCoordinator(source: FakeSource(), restorer: restorer) { coordinator in
      try await coordinator.stock()
      let backup = try await coordinator.backUp().plan.plan.backup
      let record = try await coordinator.restores.createRestore(request(backup), author: "ann")
      let end = try await ended(record.id, coordinator)
      #expect(end.state == .failed(reason: "no room (make some)"))
      #expect(end.objects?.phase == "claims" && end.objects?.done == 1)
    }
  }

  @Test func `refuses what cannot be meant`() async throws {
    try await withCoordinator(source: FakeSource(), restorer: FakeRestorer()) { coordinator in
      try await coordinator.stock()
      let backup = try await coordinator.backUp().plan.plan.backup
      for (namespaces, words) in [
        (["shpo": "copy"], "has nothing of namespace 'shpo' (it has: shop)"),
        (["shop": "Copy"], "'Copy' is no valid namespace name"),
      ] {
        let error = await #expect(throws: OperationError.self) {
          _ = try await coordinator.restores.createRestore(
            request(backup, namespaces), author: "ann")
        }
        #expect(error?.message.contains(words) == true)
      }
      var some = request(backup)
      some.services = [try ServiceName("order")]
      let unknown = await #expect(throws: OperationError.self) {
        _ = try await coordinator.restores.createRestore(some, author: "ann")
      }
      #expect(unknown?.message.contains("no service order (it has: orders, payments)") == true)
      some = request(backup)
      some.into = "/srv"
      await #expect(throws: OperationError.self) {
        _ = try await coordinator.restores.previewRestore(some)
      }
    }
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let backup = try await coordinator.backUp().plan.plan.backup
      let error = await #expect(throws: OperationError.self) {
        _ = try await coordinator.restores.createRestore(request(backup), author: "ann")
      }
      #expect(error?.message == "this coordinator serves no cluster, and can restore no objects")
    }
  }
}
