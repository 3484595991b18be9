import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Testing

@testable import stillpoint_coordinator

struct ExportDirectoryTests {
  private let backup = BackupID(accepted: "shop-20260304-050607")

  private func evidence() throws -> BackupEvidence {
    let plan = CutPlan(
      backup: backup, fleet: try FleetID("prod"), plan: try PlanName("shop"),
      environment: .production, requires: .crashConsistent, policy: .strict,
      freeze: FreezeLimits(), createdAt: Timestamp(nanoseconds: 5_000_000), members: [])
    return BackupEvidence(
      plan: try SealedPlan(plan).bytes, groups: [], authorities: [],
      recorded: Verdict(grade: .failed, drained: false, sentence: "nothing was held"),
      createdBy: "test", endedAt: Timestamp(nanoseconds: 7_000_000))
  }

  private func withDirectory(_ body: (String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "exports-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
  }

  @Test func `keeps a backup in the form that is imported`() async throws {
    try await withDirectory { path in
      let exports = ExportDirectory(path: path)
      #expect(try await exports.contents() == [])
      try await exports.store(evidence(), of: backup)
      #expect(try await exports.contents() == [backup])
      let file = try Data(contentsOf: URL(filePath: "\(path)/\(backup).json"))
      #expect(try JSONDecoder().decode(BackupEvidence.self, from: file) == evidence())
      try await exports.remove(backup)
      try await exports.remove(backup)
      #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
    }
  }

  @Test func `leaves alone what is not its own`() async throws {
    try await withDirectory { path in
      for name in ["notes.txt", "Not A Name.json", "half.json.new"] {
        try Data("{}".utf8).write(to: URL(filePath: "\(path)/\(name)"))
      }
      #expect(try await ExportDirectory(path: path).contents() == [])
    }
  }

  @Test func `is never made: a missing mount is not written below`() async throws {
    try await withDirectory { path in
      let exports = ExportDirectory(path: path + "/missing")
      await #expect(throws: ArchiveError.self) { try await exports.contents() }
      let evidence = try evidence()
      await #expect(throws: ArchiveError.self) { try await exports.store(evidence, of: backup) }
      await #expect(throws: ArchiveError.self) { try await exports.remove(backup) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
    }
  }
}
