internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import LinuxSystem
internal import Model
internal import OperatorWire
internal import Synchronization

/// Ended backups as files, `ID.json` each, as `stillpoint backup show ID -o json` exports them.
///
/// The directory is never made: it is meant to be on another disk, and a mount that is missing must not be written below.
///
/// Each use has a limit, since a mount may hang instead of failing. While one hangs nothing else is begun: what was started
/// earlier cannot undo what is done later, and no threads pile up. So there is one for the whole process. A use that is
/// cancelled is given up at once.
final class ExportDirectory: BackupArchive {
  private static let suffix = ".json"

  private let path: String
  private let limit: Duration
  private let uses = Mutex(Uses())

  private struct Uses {
    var underWay = 0
    /// Set by the first use that was given up, until the last one has come back.
    var hangs = false
  }

  init(path: String, limit: Duration = .seconds(20)) {
    self.path = path
    self.limit = limit
  }

  func contents() async throws(ArchiveError) -> Set<BackupID> {
    try await use { [path] () throws(ArchiveError) in
      do {
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        return Set(
          names.filter { $0.hasSuffix(Self.suffix) }
            .compactMap { try? BackupID(String($0.dropLast(Self.suffix.count))) })
      } catch {
        throw ArchiveError("the export directory \(path) cannot be read: \(error)")
      }
    }
  }

  func store(_ evidence: BackupEvidence, of backup: BackupID) async throws(ArchiveError) {
    let file = file(backup)
    try await use { () throws(ArchiveError) in
      do {
        try DurableFile.replace(file, with: Array(EvidenceDocument(evidence).text().utf8))
      } catch {
        throw ArchiveError("backup \(backup) cannot be exported: \(error)")
      }
    }
  }

  func remove(_ backup: BackupID) async throws(ArchiveError) {
    let file = file(backup)
    try await use { () throws(ArchiveError) in
      do throws(SystemError) {
        try DurableFile.remove(file)
      } catch {
        throw ArchiveError("\(error)")
      }
    }
  }

  private func file(_ backup: BackupID) -> String { "\(path)/\(backup)\(Self.suffix)" }

  private func use<T: Sendable>(
    _ work: @escaping @Sendable () throws(ArchiveError) -> T
  ) async throws(ArchiveError) -> T {
    try begin()
    let outcome = await onAbandonedThread(limit: limit) { () -> Result<T, ArchiveError> in
      defer { self.end() }
      return Result(catching: work)
    }
    guard let outcome else {
      giveUp()
      if Task.isCancelled {
        throw ArchiveError("the export directory \(path) was not waited for: the coordinator stops")
      }
      throw ArchiveError("the export directory \(path) did not answer within \(limit.shortText)")
    }
    return try outcome.get()
  }

  private func begin() throws(ArchiveError) {
    let hangs = uses.withLock { uses in
      if !uses.hangs { uses.underWay += 1 }
      return uses.hangs
    }
    guard hangs else { return }
    throw ArchiveError(
      "the export directory \(path) hangs: what was begun there earlier has not come back")
  }

  private func end() {
    uses.withLock { uses in
      uses.underWay -= 1
      if uses.underWay == 0 { uses.hangs = false }
    }
  }

  private func giveUp() {
    // It may have come back just now.
    uses.withLock { $0.hangs = $0.underWay > 0 }
  }
}
