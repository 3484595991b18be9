internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import LinuxSystem
internal import Model
internal import OperatorWire

/// Ended backups as files, `ID.json` each, as `stillpoint backup show ID -o json` exports them.
///
/// The directory is never made: it is meant to be on another disk, and a mount that is missing must not be written below.
struct ExportDirectory: BackupArchive {
  private static let suffix = ".json"

  let path: String

  func contents() async throws(ArchiveError) -> Set<BackupID> {
    try await onDedicatedThread { [path] () throws(ArchiveError) in
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
    try await onDedicatedThread { () throws(ArchiveError) in
      do {
        try DurableFile.replace(file, with: Array(EvidenceDocument(evidence).text().utf8))
      } catch {
        throw ArchiveError("backup \(backup) cannot be exported: \(error)")
      }
    }
  }

  func remove(_ backup: BackupID) async throws(ArchiveError) {
    let file = file(backup)
    try await onDedicatedThread { () throws(ArchiveError) in
      do throws(SystemError) {
        try DurableFile.remove(file)
      } catch {
        throw ArchiveError("\(error)")
      }
    }
  }

  private func file(_ backup: BackupID) -> String { "\(path)/\(backup)\(Self.suffix)" }
}
