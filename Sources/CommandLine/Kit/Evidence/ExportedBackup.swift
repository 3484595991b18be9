package import CutProtocol
package import Foundation

/// A backup's evidence as a file.
package enum ExportedBackup {
  /// Larger files are refused.
  package static let largestFile = 256 * 1024 * 1024

  /// Throws when the document is no evidence of a backup at all.
  package static func read(_ document: Data, named name: String) throws(CommandFailure)
    -> BackupEvidence
  {
    let hint = "export one with: stillpoint backup show ID -o json"
    guard !document.isEmpty else {
      throw CommandFailure(.input, "\(name) is empty", hint: hint)
    }
    do {
      return try JSONDecoder().decode(BackupEvidence.self, from: document)
    } catch let error as DecodingError {
      if case .dataCorrupted(let context) = error, context.codingPath.isEmpty {
        throw CommandFailure(
          .input, "\(name) is not complete JSON: it may have been cut off or changed", hint: hint)
      }
      throw CommandFailure(.input, "\(name) is no evidence of a backup, or damaged", hint: hint)
    } catch {
      throw CommandFailure(
        .input, "\(name) is no evidence of a backup, or damaged: \(error)", hint: hint)
    }
  }
}
