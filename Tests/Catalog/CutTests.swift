import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import GRDB
import Model
import Testing

private let b1 = BackupID(accepted: "b1")

struct `Cuts in the catalog` {
  @Test func `a cut is kept from its plan to its outcome exactly as it came`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      let plan = try Sample.plan()
      let fence = Fence(epoch: epoch, cut: 1, attempt: 2)
      try await catalog.create(plan, by: "ann")
      try await catalog.begin(
        Fence(epoch: epoch, cut: 1, attempt: 1), of: b1, group: 0,
        members: [Sample.orders, Sample.payments])
      try await catalog.begin(
        fence, of: b1, group: 0, members: [Sample.orders, Sample.payments])
      try await catalog.keep(
        Sample.certificate("orders"), fence: fence, member: Sample.orders)
      let outcome = Sample.outcome(fence: fence)
      try await catalog.commit(outcome, epoch: epoch)
      #expect(
        try await catalog.backup(b1)
          == BackupRecord(
            plan: plan, createdBy: "ann", verdict: outcome.verdict, groups: outcome.groups,
            endedAt: time(9), deletionBegan: nil, attempts: 2))
    }
  }

  @Test func `every member stays open until it is closed, also after the outcome`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      let plan = try Sample.plan()
      try await catalog.create(plan, by: "ann")
      #expect(
        try await catalog.unfinished()
          == UnfinishedWork(begun: [], notBegun: [plan], members: []))
      let first = Fence(epoch: epoch, cut: 1, attempt: 1)
      let second = Fence(epoch: epoch, cut: 1, attempt: 2)
      for fence in [first, second] {
        try await catalog.begin(
          fence, of: b1, group: 0, members: [Sample.orders, Sample.payments])
      }
      #expect(try await catalog.unfinished().begun == [plan])
      try await catalog.keep(
        Sample.certificate("orders"), fence: second, member: Sample.orders)
      try await catalog.commit(Sample.outcome(fence: second), epoch: epoch)
      try await catalog.close(first, member: Sample.payments)
      try await catalog.close(first, member: Sample.payments)
      func open(_ fence: Fence, _ member: ServiceName, _ committed: Bool, _ has: HoldCertificate?)
        -> UnfinishedWork.OpenMember
      {
        UnfinishedWork.OpenMember(
          backup: b1, fence: fence, group: 0, member: member, node: Sample.node,
          committed: committed, certificate: has)
      }
      #expect(
        try await catalog.unfinished()
          == UnfinishedWork(
            begun: [], notBegun: [],
            members: [
              open(first, Sample.orders, false, nil),
              open(second, Sample.orders, true, Sample.certificate("orders")),
              open(second, Sample.payments, true, nil),
            ]))
      for (fence, member) in [
        (first, Sample.orders), (second, Sample.orders), (second, Sample.payments),
      ] {
        try await catalog.close(fence, member: member)
      }
      #expect(
        try await catalog.unfinished() == UnfinishedWork(begun: [], notBegun: [], members: []))
    }
  }

  @Test func `S8: nothing begins or commits under an epoch that is not the current one`()
    async throws
  {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      try await catalog.create(try Sample.plan(), by: "ann")
      let fence = Fence(epoch: epoch, cut: 1, attempt: 1)
      try await catalog.begin(fence, of: b1, group: 0, members: [Sample.orders])
      let next = try await catalog.beginEpoch()
      let late = await failure {
        try await catalog.commit(Sample.outcome(fence: fence), epoch: epoch)
      }
      #expect(
        late?.description
          == "committing backup b1 refused: epoch 1 is not the current epoch 2")
      #expect(late?.code == .conflict)
      let begun = await failure {
        try await catalog.begin(
          Fence(epoch: epoch, cut: 1, attempt: 2), of: b1, group: 0, members: [Sample.orders])
      }
      #expect(begun?.code == .conflict)
      #expect(try await catalog.backup(b1)?.verdict == nil)
      // Recovery grades what the earlier epoch did.
      try await catalog.commit(Sample.outcome(fence: fence), epoch: next)
      #expect(try await catalog.backup(b1)?.verdict == Sample.verdict())
    }
  }

  @Test func `S8: nothing is stored for a coordinator after another has begun an epoch`()
    async throws
  {
    try await withDirectory { directory in
      let path = directory + "/catalog"
      let late = try Catalog(path: path)
      _ = try await late.prepared()
      // Not through a second catalog, which the lock would refuse.
      let other = try DatabaseQueue(path: path)
      try await other.write { try $0.execute(sql: "UPDATE epoch SET current = current + 1") }
      for create in [
        { try await late.create(try Sample.plan(), by: "ann") },
        { try await late.create(try Sample.plan(), by: "ann", for: RequestID("r1")) },
      ] {
        let refused = await failure { try await create() }
        #expect(refused?.code == .conflict)
      }
      #expect(try await late.unfinished().notBegun.isEmpty)
      try late.close()
    }
  }

  @Test func `S10: an outcome is final, whatever grade a second one claims`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      try await catalog.create(try Sample.plan(), by: "ann")
      let fence = Fence(epoch: epoch, cut: 1, attempt: 1)
      try await catalog.begin(
        fence, of: b1, group: 0, members: [Sample.orders, Sample.payments])
      try await catalog.commit(Sample.outcome(fence: fence, grade: .unproven), epoch: epoch)
      let second = await failure {
        try await catalog.commit(Sample.outcome(fence: fence), epoch: epoch)
      }
      #expect(second?.description == "backup b1 has its outcome already")
      let attempt = await failure {
        try await catalog.begin(
          Fence(epoch: epoch, cut: 1, attempt: 2), of: b1, group: 0, members: [Sample.orders])
      }
      #expect(attempt?.code == .conflict)
      #expect(try await catalog.backup(b1)?.verdict == Sample.verdict(.unproven))
    }
  }

  @Test func `a commit that fails half way leaves nothing`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      try await catalog.create(try Sample.plan(groups: [0, 1]), by: "ann")
      let fence = Fence(epoch: epoch, cut: 1, attempt: 1)
      try await catalog.begin(fence, of: b1, group: 0, members: [Sample.orders])
      var outcome = Sample.outcome(fence: fence)
      outcome.groups.append(
        GroupEvidence(
          group: 1, fence: Fence(epoch: epoch, cut: 2, attempt: 1), certificates: []))
      let failed = await failure { try await catalog.commit(outcome, epoch: epoch) }
      #expect(failed?.description == "backup b1 has no attempt 1.2.1 of group 1 to commit")
      let record = try await catalog.backup(b1)
      #expect(record?.verdict == nil)
      #expect(record?.groups == [])
    }
  }

  @Test func `storing the same again changes nothing, other content is a conflict`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      let plan = try Sample.plan()
      let fence = Fence(epoch: epoch, cut: 1, attempt: 1)
      try await catalog.create(plan, by: "ann")
      try await catalog.create(plan, by: "ben")
      #expect(try await catalog.backup(b1)?.createdBy == "ann")
      let otherPlan = try Sample.plan(createdAt: time(1))
      await expectFailure(.conflict) { try await catalog.create(otherPlan, by: "ann") }

      try await catalog.begin(fence, of: b1, group: 0, members: [Sample.orders])
      try await catalog.begin(fence, of: b1, group: 0, members: [Sample.orders])
      let others = await failure {
        try await catalog.begin(fence, of: b1, group: 0, members: [Sample.payments])
      }
      #expect(others?.code == .conflict)

      let certificate = Sample.certificate("orders")
      try await catalog.keep(certificate, fence: fence, member: Sample.orders)
      try await catalog.keep(certificate, fence: fence, member: Sample.orders)
      try await catalog.keep(
        Sample.certificate("orders", signature: "again"), fence: fence, member: Sample.orders)
      #expect(try await catalog.unfinished().members.map(\.certificate) == [certificate])
      let contradiction = await failure {
        try await catalog.keep(
          Sample.certificate("something else"), fence: fence, member: Sample.orders)
      }
      #expect(contradiction?.code == .conflict)
      #expect(try await catalog.backup(b1)?.attempts == 1)
    }
  }

  @Test func `what was never begun is not found`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      let fence = Fence(epoch: epoch, cut: 1, attempt: 1)
      let codes = [
        await failure {
          try await catalog.begin(fence, of: b1, group: 0, members: [Sample.orders])
        }?.code,
        await failure {
          try await catalog.keep(Sample.certificate("x"), fence: fence, member: Sample.orders)
        }?.code,
        await failure { try await catalog.close(fence, member: Sample.orders) }?.code,
        await failure { try await catalog.commit(Sample.outcome(fence: fence), epoch: epoch) }?
          .code,
      ]
      #expect(codes == [.notFound, .notFound, .notFound, .notFound])
      #expect(try await catalog.backup(b1) == nil)
    }
  }

  @Test func `a cut's fences belong to one backup`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      for name in ["b1", "b2"] { try await catalog.create(try Sample.plan(name), by: "ann") }
      try await catalog.begin(
        Fence(epoch: epoch, cut: 1, attempt: 1), of: b1, group: 0, members: [Sample.orders])
      let stolen = await failure {
        try await catalog.begin(
          Fence(epoch: epoch, cut: 1, attempt: 2), of: BackupID(accepted: "b2"), group: 0,
          members: [Sample.orders])
      }
      #expect(stolen?.code == .conflict)
      #expect(stolen?.message.contains("a cut belongs to one backup") == true)
    }
  }

  @Test func `members outside the plan's group are refused`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      try await catalog.create(try Sample.plan(groups: [0, 1]), by: "ann")
      let wrong = await failure {
        try await catalog.begin(
          Fence(epoch: epoch, cut: 1, attempt: 1), of: b1, group: 0,
          members: [Sample.orders, Sample.payments])
      }
      #expect(
        wrong?.description
          == "attempt 1.1.1 of backup b1 refused: payments is no member of its group 0")
      #expect(try await catalog.unfinished().members == [])
    }
  }

  @Test func `a coordinator that was superseded does not go above its successor`() async throws {
    try await withDirectory { directory in
      let path = directory + "/catalog"
      let catalog = try Catalog(path: path)
      let fences = try await FenceSource(store: catalog)
      #expect(try await fences.observe(Fence(epoch: 6, cut: 1, attempt: 1)))
      #expect(await fences.epoch == 7)
      // Another coordinator has begun its epoch, on a filesystem where the lock does not hold.
      let queue = try DatabaseQueue(path: path)
      try await queue.write { try $0.execute(sql: "UPDATE epoch SET current = 8") }
      let error = await failure {
        _ = try await fences.observe(Fence(epoch: 8, cut: 1, attempt: 1))
      }
      #expect(error?.code == .conflict)
      #expect(await fences.epoch == 7)
      let current = try await queue.read { try Int.fetchOne($0, sql: "SELECT current FROM epoch") }
      #expect(current == 8)
      try queue.close()
      try catalog.close()
    }
  }

  @Test func `the epoch only grows`() async throws {
    try await withCatalog { catalog in
      let first = try await catalog.beginEpoch()
      #expect(first == 1)
      #expect(try await catalog.raiseEpoch(above: 41) == 42)
      #expect(try await catalog.raiseEpoch(above: 7) == 42)
      #expect(try await catalog.beginEpoch() == 43)
      await expectFailure(.conflict) { _ = try await catalog.raiseEpoch(above: .max) }
    }
  }
}
