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

  private func shell(_ script: String) throws {
    let program = Process()
    program.executableURL = URL(filePath: "/bin/sh")
    program.arguments = ["-c", script]
    program.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
    try program.run()
    program.waitUntilExit()
    try #require(program.terminationStatus == 0, "\(script)")
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

  /// A filesystem that is frozen is what a mount looks like whose server does not answer: whoever writes to it waits.
  @Test(.timeLimit(.minutes(15)))
  func `that hangs is given up, and used again once it answers`() async throws {
    try await withDirectory { path in
      let mount = "\(path)/mount"
      try shell(
        """
        mkdir \(mount) && truncate -s 16M \(path)/image && mkfs.ext4 -q \(path)/image &&
        mount -o loop \(path)/image \(mount)
        """)
      defer { _ = try? shell("fsfreeze -u \(mount); umount \(mount)") }
      let exports = ExportDirectory(path: mount, limit: .milliseconds(300))
      let evidence = try evidence()
      let other = BackupID(accepted: "shop-20260304-060708")
      try await exports.store(evidence, of: backup)

      try shell("fsfreeze -f \(mount)")
      let late = await #expect(throws: ArchiveError.self) {
        try await exports.store(evidence, of: other)
      }
      #expect(late?.description == "the export directory \(mount) did not answer within 300.0 ms")
      let refused = await #expect(throws: ArchiveError.self) { try await exports.remove(backup) }
      #expect(
        refused?.description
          == "the export directory \(mount) hangs: what was begun there earlier has not come back")

      // A coordinator that stops, or steps down, need not wait for it.
      let patient = ExportDirectory(path: mount, limit: .seconds(3600))
      let left = await withTaskGroup(of: String.self) { group in
        group.addTask {
          do throws(ArchiveError) {
            try await patient.store(evidence, of: other)
            return "stored"
          } catch {
            return error.description
          }
        }
        group.cancelAll()
        return await group.next()
      }
      #expect(
        left == "the export directory \(mount) was not waited for: the coordinator stops")

      try shell("fsfreeze -u \(mount)")
      let deadline = ContinuousClock.now + .seconds(60)
      while (try? await exports.remove(backup)) == nil {
        try #require(ContinuousClock.now < deadline)
        try await Task.sleep(for: .milliseconds(20))
      }
      // What was begun has come to its end before, so that it undoes nothing.
      #expect(try await exports.contents() == [other])
    }
  }
}
