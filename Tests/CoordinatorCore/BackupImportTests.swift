import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Testing

struct BackupImportTests {
  /// Takes backups of every outcome with one coordinator and exports all of them.
  private func exported() async throws -> [(record: BackupRecord, evidence: BackupEvidence)] {
    try await withCoordinator { coordinator in
      try await coordinator.stock(plan: Shop.plan(policy: .bestEffort))
      _ = try await coordinator.backUp()
      coordinator.fleet.set(
        .init(refusal: Refusal(.hazard, "fsync is off")), for: try ServiceName("payments"))
      _ = try await coordinator.backUp()
      coordinator.fleet.set(
        .init(refusal: Refusal(.hazard, "fsync is off")), for: try ServiceName("orders"))
      _ = try await coordinator.backUp()
      var all: [(BackupRecord, BackupEvidence)] = []
      for record in try await coordinator.catalog.backups(of: nil, limit: 10) {
        // By way of its text, as an export travels.
        let text = try JSONEncoder().encode(
          try await coordinator.backups.evidence(of: record.plan.plan.backup))
        all.append((record, try JSONDecoder().decode(BackupEvidence.self, from: text)))
      }
      return all
    }
  }

  private func refusal(
    _ coordinator: TestCoordinator, _ evidence: BackupEvidence
  ) async -> OperationError? {
    do throws(OperationError) {
      _ = try await coordinator.backups.importBackup(evidence, author: "test")
      return nil
    } catch {
      return error
    }
  }

  @Test func `a catalog rebuilt from exports equals the one that was lost`() async throws {
    let exported = try await exported()
    #expect(
      exported.map { $0.record.verdict?.grade } == [
        .failed, .groupConsistent, .applicationConsistent,
      ])
    try await withCoordinator { rebuilt in
      for backup in exported.shuffled() {
        _ = try await rebuilt.backups.importBackup(backup.evidence, author: "test")
      }
      let records = try await rebuilt.catalog.backups(of: nil, limit: 10)
      #expect(records.count == exported.count)
      for (record, (original, evidence)) in zip(records, exported) {
        var expected = original
        // What was tried in vain is not part of the proof.
        expected.attempts = record.attempts
        #expect(record == expected)
        #expect(try await rebuilt.backups.evidence(of: original.plan.plan.backup) == evidence)
        #expect(
          try await rebuilt.backups.verify(original.plan.plan.backup).grade
            >= original.verdict?.grade ?? .failed)
      }
      // What the lost coordinator may not have settled is settled now.
      let settled = rebuilt.fleet.orders.filter { FakeFleet.kind($0) == "settled" }
      #expect(Set(settled.map { "\($0.fence)/\($0.member)" }).count == 3)
      let left = try await rebuilt.catalog.unfinished()
      #expect(left.begun.isEmpty && left.notBegun.isEmpty)
    }
  }

  @Test func `importing again changes nothing, and the fleet goes on above the old fences`()
    async throws
  {
    let exported = try await exported()
    try await withCoordinator { rebuilt in
      for backup in exported + exported {
        _ = try await rebuilt.backups.importBackup(backup.evidence, author: "test")
      }
      #expect(try await rebuilt.catalog.backups(of: nil, limit: 10).count == exported.count)
      try await rebuilt.stock()
      let next = try await rebuilt.backUp()
      #expect(next.verdict?.grade == .applicationConsistent)
      let highest = try #require(
        exported.flatMap(\.evidence.groups).map(\.fence).max { $0 < $1 })
      #expect(try #require(next.groups.first).fence > highest)
    }
  }

  @Test func `an imported backup is restored and deleted as any other`() async throws {
    let exported = try await exported()
    try await withCoordinator { rebuilt in
      try await rebuilt.stock()
      let backup = try #require(exported.last)
      let id = backup.record.plan.plan.backup
      _ = try await rebuilt.backups.importBackup(backup.evidence, author: "test")
      // The agents answer that nothing is open any more.
      await rebuilt.closer.sweep(node: nil)
      #expect(
        try await rebuilt.catalog.unfinished()
          == UnfinishedWork(begun: [], notBegun: [], members: []))
      try await rebuilt.backups.deleteBackup(id, author: "test")
      #expect(try await rebuilt.catalog.backup(id) == nil)
    }
  }

  @Test func `an export that was changed is refused`() async throws {
    let exported = try await exported()
    try await withCoordinator { rebuilt in
      var evidence = try #require(exported.last).evidence
      evidence.groups[0].certificates[0].signature = Data("node-x".utf8)
      let error = await refusal(rebuilt, evidence)
      #expect(error?.code == .invalid)
      #expect(
        error?.message.contains("proves unproven only, and says application-consistent") == true)
      evidence.plan = Data("no plan".utf8)
      #expect(await refusal(rebuilt, evidence)?.code == .invalid)
      #expect(try await rebuilt.catalog.backups(of: nil, limit: 10) == [])
    }
  }

  @Test func `what is written beside the proof claims nothing more than the proof`() async throws {
    let exported = try await exported()
    try await withCoordinator { rebuilt in
      let original = try #require(exported.last)
      var evidence = original.evidence
      evidence.recorded?.drained = true
      evidence.recorded?.sentence = "better than it was"
      let record = try await rebuilt.backups.importBackup(evidence, author: "test")
      #expect(original.record.verdict?.drained == false)
      #expect(record.verdict == original.record.verdict)
    }
  }

  @Test func `another backup of the same name is refused`() async throws {
    let exported = try await exported()
    try await withCoordinator { rebuilt in
      var evidence = try #require(exported.last).evidence
      _ = try await rebuilt.backups.importBackup(evidence, author: "test")
      evidence.groups = []
      evidence.recorded = Verdict(grade: .failed, drained: false, sentence: "no")
      #expect(await refusal(rebuilt, evidence)?.code == .conflict)
    }
  }

  @Test func `an export from the middle of a cut proves nothing`() async throws {
    let exported = try await exported()
    try await withCoordinator { rebuilt in
      var evidence = try #require(exported.last).evidence
      evidence.recorded = nil
      #expect(await refusal(rebuilt, evidence)?.code == .invalid)
    }
  }
}
