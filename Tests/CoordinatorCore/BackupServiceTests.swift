import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Testing

struct BackupServiceTests {
  @Test func `a cut of two members is application-consistent, and every attempt is closed`()
    async throws
  {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let record = try await coordinator.backUp()
      #expect(record.verdict?.grade == .applicationConsistent)
      #expect(record.meetsPlan == true)
      #expect(record.groups.map { $0.certificates.count } == [2])
      let verdict = try await coordinator.backups.verify(record.plan.plan.backup)
      #expect(verdict == record.verdict)
      // The first sweep settles, the second is told that nothing is left.
      await coordinator.closer.sweep(node: nil)
      await coordinator.closer.sweep(node: nil)
      #expect(try await coordinator.catalog.unfinished().members == [])
    }
  }

  @Test func `a hazard ends the cut at once and thaws everybody`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      coordinator.fleet.set(
        .init(refusal: Refusal(.hazard, "fsync is off")), for: try ServiceName("payments"))
      let record = try await coordinator.backUp()
      #expect(record.verdict?.grade == .failed)
      #expect(record.verdict?.sentence == "payments: fsync is off")
      #expect(record.meetsPlan == false)
      #expect(record.attempts == 1)
      let freezes = coordinator.fleet.orders.filter { FakeFleet.kind($0) == "freeze" }
      #expect(freezes.isEmpty)
    }
  }

  @Test func `what may pass is tried three times`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      coordinator.fleet.set(.init(isAway: true), for: try ServiceName("orders"))
      let record = try await coordinator.backUp()
      #expect(record.verdict?.grade == .failed)
      #expect(record.attempts == 3)
    }
  }

  @Test func `a best-effort cut names who was left out`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock(plan: Shop.plan(policy: .bestEffort))
      coordinator.fleet.set(
        .init(refusal: Refusal(.hazard, "fsync is off")), for: try ServiceName("payments"))
      let record = try await coordinator.backUp()
      #expect(record.verdict?.grade == .groupConsistent)
      #expect(record.groups.first?.leftOut.map(\.member.text) == ["payments"])
      #expect(record.meetsPlan == false)
    }
  }

  @Test func `a certificate that nobody believes never counts`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let record = try await coordinator.backUp()
      var evidence = try await coordinator.backups.evidence(of: record.plan.plan.backup)
      evidence.groups[0].certificates[0].signature = Data("node-x".utf8)
      let verdict = await Grader.verdict(of: evidence, verifier: NameVerifier())
      #expect(verdict.grade == .unproven)
      #expect(verdict.sentence.contains("orders: its certificate is not believed"))
    }
  }

  @Test func `a backup that was deleted is gone, with its snapshots`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let id = try await coordinator.backUp().plan.plan.backup
      try await coordinator.backups.deleteBackup(id, author: "test")
      await #expect(throws: OperationError.self) { try await coordinator.backups.backup(id) }
      let actions = try await coordinator.catalog.auditEntries(limit: 10).map(\.action)
      #expect(actions.contains("backup.delete"))
    }
  }

  @Test func `snapshots that somebody else deleted are found to be missing`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let id = try await coordinator.backUp().plan.plan.backup
      let all = try await coordinator.backups.presence(of: id)
      #expect(all.map(\.member.text) == ["orders", "payments"])
      #expect(all.allSatisfy { $0.presence == .there })
      coordinator.fleet.lose(all[1].reference.snapshot)
      #expect(try await coordinator.backups.presence(of: id).map(\.presence) == [.there, .missing])
      coordinator.fleet.silence(all[0].node)
      let found = try await coordinator.backups.presence(of: id)
      #expect(found[0].presence == .unknown("\(all[0].node) is not connected"))
    }
  }

  @Test func `a restore follows the dependencies and refuses a failed backup`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let good = try await coordinator.backUp()
      let request = RestoreRequest(
        backup: good.plan.plan.backup, services: [], into: nil, acceptUnproven: false)
      let restore = try await coordinator.restores.createRestore(request, author: "test")
      #expect(restore.steps.map(\.member.text) == ["orders", "payments"])
      coordinator.fleet.set(
        .init(refusal: Refusal(.hazard, "fsync is off")), for: try ServiceName("orders"))
      let failed = try await coordinator.backUp()
      let error = await #expect(throws: OperationError.self) {
        try await coordinator.restores.createRestore(
          RestoreRequest(
            backup: failed.plan.plan.backup, services: [], into: nil, acceptUnproven: true),
          author: "test")
      }
      #expect(error?.code == .conflict)
    }
  }

  @Test func `an agent that knows a higher fence raises the epoch`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock()
      let node = try Shop.placement("orders").node
      let before = await coordinator.fences.epoch
      _ = try await coordinator.directory.agentConnected(
        node,
        AgentHello(
          version: "1", boot: "b", incarnation: 1,
          highestFence: Fence(epoch: before + 40, cut: 2, attempt: 1), journalEnd: 0,
          journal: "j-orders"))
      #expect(await coordinator.fences.epoch == before + 41)
    }
  }
}
