internal import CutProtocol
package import Model

extension BackupService: ClusterOperations {
  package func createBackup(of plan: PlanName, author: String, for request: RequestID)
    async throws(OperationError) -> BackupID
  {
    let requests = try requests()
    if let answer = try await backup(for: request) { return answer }
    do throws(OperationError) {
      return try await start(plan, author) { (sealed, author) throws(CatalogError) in
        try await requests.create(sealed, by: author, for: request)
      }
    } catch {
      // The same request, asked twice at once: the catalog took one of them.
      guard error.code == .conflict, let answer = try await backup(for: request) else {
        throw error
      }
      return answer
    }
  }

  package func backup(for request: RequestID) async throws(OperationError) -> BackupID? {
    let requests = try requests()
    return try await reading { () throws(CatalogError) in try await requests.backup(for: request) }
  }

  package func release(_ backup: BackupID) async throws(OperationError) {
    let requests = try requests()
    try await reading { () throws(CatalogError) in try await requests.release(backup) }
  }

  package func released() async throws(OperationError) -> Set<BackupID> {
    let requests = try requests()
    return try await reading { () throws(CatalogError) in try await requests.released() }
  }

  package func standing(of backup: BackupID) async -> CutStanding? {
    progressNow(of: backup)?.standing
  }

  private func requests() throws(OperationError) -> any BackupRequestStore {
    guard let requests = environment.requests else {
      throw OperationError(.unavailable, "this coordinator keeps no requests")
    }
    return requests
  }
}
