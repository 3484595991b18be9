import CoordinatorCore
import CutProtocol
import Model
import Testing

@testable import Catalog

struct `A request for a backup` {
  private let request = RequestID(accepted: "uid-1")

  private func failed(_ id: BackupID) -> CutOutcome {
    CutOutcome(
      backup: id, verdict: Verdict(grade: .failed, drained: false, sentence: "refused"),
      groups: [], endedAt: time(8))
  }

  @Test func `is answered by one backup, also after that one is deleted`() async throws {
    try await withDirectory { directory in
      let catalog = try Catalog(path: directory + "/catalog")
      let epoch = try await catalog.prepared()
      #expect(try await catalog.backup(for: request) == nil)
      try await catalog.create(try Sample.plan(), by: "ann", for: request)
      await expectFailure(.conflict) {
        try await catalog.create(try Sample.plan(), by: "ann", for: request)
      }
      let id = try Sample.plan().plan.backup
      try await catalog.commit(failed(id), epoch: epoch)
      try await catalog.beginDeletion(id, at: time(9))
      try await catalog.finishDeletion(id)
      try catalog.close()
      let again = try Catalog(path: directory + "/catalog")
      #expect(try await again.backup(id) == nil)
      #expect(try await again.backup(for: request) == id)
      try again.close()
    }
  }

  @Test func `leaves nothing when its backup cannot be stored`() async throws {
    try await withCatalog { catalog in
      _ = try await catalog.prepared()
      try await catalog.create(try Sample.plan(), by: "ann")
      let sealed = try Sample.plan()
      var other = sealed.plan
      other.requires = .crashConsistent
      await expectFailure(.conflict) {
        try await catalog.create(try SealedPlan(other), by: "ann", for: request)
      }
      #expect(try await catalog.backup(for: request) == nil)
    }
  }

  @Test func `is released with its backup, once or twice, and forgotten with it`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      try await catalog.create(try Sample.plan(), by: "ann")
      let id = try Sample.plan().plan.backup
      try await catalog.release(id)
      try await catalog.release(id)
      try await catalog.release(BackupID(accepted: "nothing"))
      #expect(try await catalog.released() == [id])
      try await catalog.commit(failed(id), epoch: epoch)
      try await catalog.beginDeletion(id, at: time(9))
      try await catalog.finishDeletion(id)
      #expect(try await catalog.released().isEmpty)
    }
  }
}
