package import CutProtocol
internal import FoundationEssentials
package import Model
package import OperatorWire

// Backups and restores as an operator asks for them.
extension OperatorShell {
  /// Asks for a backup and does not wait.
  package func beginBackup(of plan: String) async throws -> BackupID {
    try await ask(["backup", "create", plan], as: CreatedBackup.self).id
  }

  /// Takes a backup and waits for its end, whatever grade it earns.
  ///
  /// - Throws: ``DemoError`` when there is no backup, not when it earns less than its plan requires.
  package func createBackup(of plan: String) async throws -> BackupBody {
    let created = try await ask(
      ["backup", "create", plan, "--wait"], as: CreatedBackup.self, accepting: [0, 1, 3])
    return try await backup(created.id)
  }

  /// The backup as the catalog has it.
  package func backup(_ id: BackupID) async throws -> BackupBody {
    let list = try await ask(["backup", "list"], as: Items<BackupBody>.self)
    guard let found = list.items.first(where: { $0.id == id }) else {
      throw DemoError("'stillpoint backup list' does not name backup \(id)")
    }
    return found
  }

  /// Waits until the backup's cut has ended, one way or the other.
  package func endOfBackup(_ id: BackupID, within limit: Duration) async throws -> BackupBody {
    try await eventually(
      "the end of backup \(id)", within: limit, every: .milliseconds(200)
    ) { () -> BackupBody? in
      let backup = try await self.backup(id)
      return backup.state == .running ? nil : backup
    }
  }

  /// What the agents signed for the backup.
  package func statements(of id: BackupID) async throws -> [HoldStatement] {
    let document = try await ask(["backup", "show", id.text], as: EvidenceDocument.self)
    return try document.evidence.groups.flatMap(\.certificates).map { try $0.decoded() }
  }

  /// Writes the backup's evidence into a file.
  ///
  /// - Returns: the file.
  package func exportEvidence(of id: BackupID, to file: String) async throws -> String {
    let evidence = try await run(["backup", "show", id.text, "-o", "json"])
    try Data(evidence.utf8).write(to: URL(filePath: file))
    return file
  }

  /// Restores the backup into place.
  ///
  /// - Throws: ``DemoError`` with the reason when it does not complete.
  @discardableResult
  package func restore(_ id: BackupID) async throws -> RestoreBody {
    let restore = try await ask(["restore", "create", id.text, "--wait"], as: RestoreBody.self)
    guard restore.state == .completed else {
      throw DemoError(
        "restore \(restore.id) of backup \(id) ended as \(restore.state.rawValue): "
          + (restore.reason ?? "no reason given"))
    }
    return restore
  }
}
