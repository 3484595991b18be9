package import CutProtocol
package import Model

extension BackupService: BackupOperations {
  package func backups(of plan: PlanName?, limit: Int) async throws(OperationError)
    -> [BackupRecord]
  {
    try await reading { () throws(CatalogError) in
      try await environment.backups.backups(of: plan, limit: limit)
    }
  }

  package func backup(_ id: BackupID) async throws(OperationError) -> BackupRecord {
    let found = try await reading { () throws(CatalogError) in
      try await environment.backups.backup(id)
    }
    guard let found else {
      throw OperationError(
        .notFound, "there is no backup \(id)", hint: "see 'stillpoint backup list'")
    }
    return found
  }

  package func evidence(of id: BackupID) async throws(OperationError) -> BackupEvidence {
    let record = try await backup(id)
    return BackupEvidence(
      plan: record.plan.bytes, groups: record.groups, authorities: environment.authorities,
      recorded: record.verdict, createdBy: record.createdBy, endedAt: record.endedAt)
  }

  package func verify(_ id: BackupID) async throws(OperationError) -> Verdict {
    let record = try await backup(id)
    guard record.verdict != nil else {
      throw OperationError(.conflict, "backup \(id) is still being taken")
    }
    return await Grader.verdict(of: try await evidence(of: id), verifier: environment.verifier)
  }

  package func logs(of id: BackupID) async throws(OperationError) -> [BackupLogEntry] {
    _ = try await backup(id)
    return try await reading { () throws(CatalogError) in
      try await environment.backups.logs(of: id)
    }
  }

  package func progress(of id: BackupID) async throws(OperationError)
    -> AsyncStream<BackupLogEntry>
  {
    if let running = progressNow(of: id) { return running.watch() }
    let entries = try await logs(of: id)
    return AsyncStream { stream in
      for entry in entries { stream.yield(entry) }
      stream.finish()
    }
  }

  package func cancelBackup(_ id: BackupID, author: String) async throws(OperationError) {
    let record = try await backup(id)
    guard record.verdict == nil else {
      throw OperationError(.conflict, "backup \(id) has ended already")
    }
    guard let cancellation = cancellation(of: id) else {
      throw OperationError(
        .conflict, "backup \(id) was left by an earlier coordinator, and is just being closed")
    }
    guard cancellation.request("cancelled by \(author)") else {
      throw OperationError(.conflict, "backup \(id) is cut already, and is just being stored")
    }
    try? await environment.audit.audit(
      AuditEntry(
        time: environment.clock.timestamp(), actor: author, action: "backup.cancel",
        object: id.text))
  }

  package func deleteBackup(_ id: BackupID, author: String) async throws(OperationError) {
    let record = try await backup(id)
    guard record.verdict != nil else {
      throw OperationError(
        .conflict, "backup \(id) is still being taken",
        hint: "'stillpoint backup cancel \(id)' ends it")
    }
    try await beginDeletion(id)
    try? await environment.audit.audit(
      AuditEntry(
        time: environment.clock.timestamp(), actor: author, action: "backup.delete",
        object: id.text))
    // One that several members share goes with the certificate of the member whose agent took it.
    for snapshot in try snapshots(of: record) where snapshot.record.takenBy == nil {
      try await delete(snapshot, of: id)
    }
    try await removeExport(of: id)
    try await reading { () throws(CatalogError) in
      try await environment.backups.finishDeletion(id)
    }
  }

  /// Agents confirm within moments that a backup is settled; one that has only just ended is waited for.
  private func beginDeletion(_ id: BackupID) async throws(OperationError) {
    let clock = environment.clock
    for _ in 0..<20 {
      do throws(CatalogError) {
        return try await environment.backups.beginDeletion(id, at: clock.timestamp())
      } catch {
        guard error.code == .conflict else { throw OperationError(error) }
      }
      await environment.closer.sweep(node: nil)
      // A cancelled sleep only makes the last try come sooner.
      try? await clock.sleep(until: clock.now() + .milliseconds(250))
    }
    try await reading { () throws(CatalogError) in
      try await environment.backups.beginDeletion(id, at: clock.timestamp())
    }
  }

  private func delete(_ snapshot: (node: NodeID, record: SnapshotRecord), of id: BackupID)
    async throws(OperationError)
  {
    let request = NodeRequest.deleteSnapshot(
      driver: snapshot.record.volume.driver, snapshot: snapshot.record.handle,
      group: snapshot.record.group)
    let hint = "the backup stays marked as being deleted; run the command again"
    let reply: NodeReply
    do {
      reply = try await environment.gateway.request(
        request, to: snapshot.node, timeout: .seconds(60))
    } catch {
      throw OperationError(
        .unavailable,
        "snapshot \(snapshot.record.handle) on \(snapshot.node) was not deleted: \(error.message)",
        hint: hint)
    }
    if case .failed(let refusal) = reply {
      throw OperationError(
        .unavailable,
        "snapshot \(snapshot.record.handle) on \(snapshot.node) was not deleted: \(refusal)",
        hint: hint)
    }
  }

  /// Every snapshot that the backup's certificates name, with the node that can reach its driver.
  func snapshots(of record: BackupRecord) throws(OperationError)
    -> [(node: NodeID, record: SnapshotRecord)]
  {
    var found: [(node: NodeID, record: SnapshotRecord)] = []
    for certificate in record.groups.flatMap(\.certificates) {
      do {
        let statement = try certificate.decoded()
        found += statement.snapshots.map { (statement.node, $0) }
      } catch {
        throw OperationError(
          .unavailable,
          "a certificate of backup \(record.plan.plan.backup) is not readable: \(error)")
      }
    }
    return found
  }
}
