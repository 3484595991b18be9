import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Testing

private let b1 = BackupID(accepted: "b1")

extension Catalog {
  /// A committed backup `b1` with every member closed.
  fileprivate func finishedBackup() async throws {
    let epoch = try await prepared()
    let fence = Fence(epoch: epoch, cut: 1, attempt: 1)
    try await create(try Sample.plan(), by: "ann")
    try await begin(fence, of: b1, group: 0, members: [Sample.orders, Sample.payments])
    try await commit(Sample.outcome(fence: fence), epoch: epoch)
    for member in [Sample.orders, Sample.payments] { try await close(fence, member: member) }
  }
}

private func restore(_ id: String, _ state: RestoreRecord.State = .running) -> RestoreRecord {
  RestoreRecord(
    id: RestoreID(accepted: id), backup: b1, into: "/restore", createdBy: "ann",
    createdAt: time(20), endedAt: nil, state: state,
    steps: [
      RestoreRecord.Step(
        member: Sample.orders, node: Sample.node,
        source: SnapshotRecord(
          containerPath: "/data", volume: Sample.volume, name: "n",
          handle: SnapshotHandle(accepted: "s1"), group: nil, sizeBytes: 5, createdAt: time(3),
          readyToUse: true, requested: .milliseconds(1), acknowledged: .milliseconds(2)))
    ])
}

private func shop(_ budget: Duration = .seconds(2)) -> BackupPlan {
  BackupPlan(
    name: PlanName(accepted: "shop"), environment: .production,
    requires: .applicationConsistent, policy: .strict, freeze: FreezeLimits(budget: budget),
    services: [
      PlannedService(
        name: Sample.orders, selector: PlacementSelector(labels: ["app": "orders"]),
        dependsOn: [], holds: [.postgresql(PostgreSQLHold()), .filesystem], volumes: .all)
    ])
}

struct `Plans, backups, restores and audit in the catalog` {
  @Test func `a plan gets a new revision only when it differs`() async throws {
    try await withCatalog { catalog in
      let first = try await catalog.save(shop(), source: "one", by: "ann", at: time(1))
      #expect(
        first
          == PlanRecord(
            plan: shop(), source: "one", revision: 1, appliedAt: time(1), appliedBy: "ann"))
      #expect(try await catalog.save(shop(), source: "# one", by: "ben", at: time(2)) == first)
      let second = try await catalog.save(
        shop(.seconds(1)), source: "two", by: "ben", at: time(3))
      #expect(second.revision == 2)
      #expect(try await catalog.plans() == [second])
      try await catalog.deletePlan(second.plan.name)
      #expect(try await catalog.plan(second.plan.name) == nil)
      await expectFailure(.notFound) { try await catalog.deletePlan(second.plan.name) }
      #expect(
        try await catalog.save(shop(), source: "one", by: "ann", at: time(4)).revision == 3)
    }
  }

  @Test func `backups are listed newest first, of one plan or of all`() async throws {
    try await withCatalog { catalog in
      for (name, seconds) in [("b1", 5), ("b2", 9), ("b3", 7)] as [(String, Int64)] {
        try await catalog.create(try Sample.plan(name, createdAt: time(seconds)), by: "ann")
      }
      func names(_ plan: String?, _ limit: Int) async throws -> [String] {
        try await catalog.backups(of: plan.map { PlanName(accepted: $0) }, limit: limit)
          .map(\.plan.plan.backup.text)
      }
      #expect(try await names(nil, 10) == ["b2", "b3", "b1"])
      #expect(try await names("shop", 2) == ["b2", "b3"])
      #expect(try await names("other", 10) == [])
      #expect(try await names(nil, -1) == [])
    }
  }

  @Test func `a backup's log keeps its order`() async throws {
    try await withCatalog { catalog in
      try await catalog.create(try Sample.plan(), by: "ann")
      let entries = [
        BackupLogEntry(time: time(2), member: nil, text: "planned"),
        BackupLogEntry(time: time(1), member: Sample.orders, text: "frozen"),
      ]
      try await catalog.log(entries[0], of: b1)
      try await catalog.log(Array(entries.dropFirst()), of: b1)
      #expect(try await catalog.logs(of: b1) == entries)
      let missing = BackupID(accepted: "b9")
      await expectFailure(.notFound) { try await catalog.log(entries[0], of: missing) }
      await expectFailure(.notFound) { _ = try await catalog.logs(of: missing) }
    }
  }

  @Test func `a deletion has two steps, and a running restore forbids the first`() async throws {
    try await withCatalog { catalog in
      try await catalog.finishedBackup()
      try await catalog.log(BackupLogEntry(time: time(1), member: nil, text: "x"), of: b1)
      await expectFailure(.conflict) { try await catalog.finishDeletion(b1) }
      try await catalog.saveRestore(restore("r1"))
      await expectFailure("backup b1 is being restored") {
        try await catalog.beginDeletion(b1, at: time(21))
      }
      try await catalog.saveRestore(restore("r1", .completed))
      try await catalog.beginDeletion(b1, at: time(22))
      try await catalog.beginDeletion(b1, at: time(23))
      #expect(try await catalog.backup(b1)?.deletionBegan == time(22))
      await expectFailure("backup b1 is being deleted") {
        try await catalog.saveRestore(restore("r2"))
      }
      try await catalog.finishDeletion(b1)
      #expect(try await catalog.backup(b1) == nil)
      #expect(try await catalog.restores() == [restore("r1", .completed)])
      await expectFailure(.notFound) { try await catalog.saveRestore(restore("r2")) }
    }
  }

  @Test func `S14: a backup with an open member cannot be forgotten`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      let fence = Fence(epoch: epoch, cut: 1, attempt: 1)
      try await catalog.create(try Sample.plan(), by: "ann")
      await expectFailure("backup b1 is still being made") {
        try await catalog.beginDeletion(b1, at: time(9))
      }
      try await catalog.begin(fence, of: b1, group: 0, members: [Sample.orders])
      try await catalog.commit(
        CutOutcome(backup: b1, verdict: Sample.verdict(.failed), groups: [], endedAt: time(8)),
        epoch: epoch)
      try await catalog.beginDeletion(b1, at: time(9))
      await expectFailure(
        "backup b1 cannot be deleted yet: orders on node node-1 has not been cleaned up"
      ) { try await catalog.finishDeletion(b1) }
      try await catalog.close(fence, member: Sample.orders)
      try await catalog.finishDeletion(b1)
    }
  }

  @Test func `a restore's record is replaced by the next one with its ID`() async throws {
    try await withCatalog { catalog in
      try await catalog.finishedBackup()
      try await catalog.saveRestore(restore("r1"))
      try await catalog.saveRestore(restore("r2"))
      try await catalog.saveRestore(restore("r1", .failed(reason: "no room")))
      #expect(
        try await catalog.restores() == [restore("r2"), restore("r1", .failed(reason: "no room"))])
      #expect(try await catalog.restore(RestoreID(accepted: "r2")) == restore("r2"))
      #expect(try await catalog.restore(RestoreID(accepted: "r3")) == nil)
    }
  }

  @Test func `audit entries come newest first and outlive what they speak of`() async throws {
    try await withCatalog { catalog in
      let entries = (0..<5).map {
        AuditEntry(
          time: time(Int64(5 - $0)), actor: "ann", action: "plan.apply", object: "shop",
          detail: "\($0)")
      }
      for entry in entries { try await catalog.audit(entry) }
      #expect(try await catalog.auditEntries(limit: 3) == [entries[4], entries[3], entries[2]])
    }
  }
}
