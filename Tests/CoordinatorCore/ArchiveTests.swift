import Catalog
import CoordinatorCore
import CutProtocol
import Model
import Synchronization
import Testing

/// An archive in memory that can be away.
private final class FakeArchive: BackupArchive {
  private struct State {
    var isAway = false
    var exports: [BackupID: BackupEvidence] = [:]
  }

  private let state = Mutex(State())

  var isAway: Bool {
    get { state.withLock { $0.isAway } }
    set { state.withLock { $0.isAway = newValue } }
  }

  private func change<Value: Sendable>(_ body: (inout State) -> Value) throws(ArchiveError) -> Value
  {
    let value = state.withLock { state in state.isAway ? nil : body(&state) }
    guard let value else { throw ArchiveError("it is away") }
    return value
  }

  func contents() async throws(ArchiveError) -> Set<BackupID> {
    try change { Set($0.exports.keys) }
  }

  func store(_ evidence: BackupEvidence, of backup: BackupID) async throws(ArchiveError) {
    try change { $0.exports[backup] = evidence }
  }

  func remove(_ backup: BackupID) async throws(ArchiveError) {
    try change { $0.exports[backup] = nil }
  }

  func export(of backup: BackupID) -> BackupEvidence? { state.withLock { $0.exports[backup] } }

  /// Waits until it is there.
  func arrived(_ backup: BackupID) async throws -> BackupEvidence {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
      if let export = export(of: backup) { return export }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw ArchiveError("backup \(backup) was not exported within 30 s")
  }
}

struct ArchiveTests {
  @Test func `a backup is exported when it ends, and its export goes with it`() async throws {
    let archive = FakeArchive()
    try await withCoordinator(archive: archive) { coordinator in
      try await coordinator.stock()
      let id = try await coordinator.backUp().plan.plan.backup
      let evidence = try await coordinator.backups.evidence(of: id)
      #expect(try await archive.arrived(id) == evidence)
      try await coordinator.backups.deleteBackup(id, author: "test")
      #expect(archive.export(of: id) == nil)
    }
  }

  @Test func `a backup succeeds without its archive, and the next one brings both there`()
    async throws
  {
    let archive = FakeArchive()
    try await withCoordinator(archive: archive) { coordinator in
      try await coordinator.stock()
      archive.isAway = true
      let first = try await coordinator.backUp()
      #expect(first.verdict?.grade == .applicationConsistent)
      archive.isAway = false
      let second = try await coordinator.backUp()
      for backup in [first, second] { _ = try await archive.arrived(backup.plan.plan.backup) }
    }
  }

  @Test func `a deletion waits for an archive that is away`() async throws {
    let archive = FakeArchive()
    try await withCoordinator(archive: archive) { coordinator in
      try await coordinator.stock()
      let id = try await coordinator.backUp().plan.plan.backup
      _ = try await archive.arrived(id)
      archive.isAway = true
      await #expect(throws: OperationError.self) {
        try await coordinator.backups.deleteBackup(id, author: "test")
      }
      #expect(try await coordinator.backups.backup(id).deletionBegan != nil)
      archive.isAway = false
      try await coordinator.backups.deleteBackup(id, author: "test")
      #expect(try await coordinator.catalog.backup(id) == nil)
      #expect(archive.export(of: id) == nil)
    }
  }
}
