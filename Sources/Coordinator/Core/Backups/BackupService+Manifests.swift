internal import CutProtocol
internal import Foundation
internal import Logging
package import Model
internal import Synchronization

extension BackupService {
  /// Runs `cut` beside the reading of the cluster's objects, where there are any to be read.
  ///
  /// The cut begins when everything is listed, or after a bounded time; from then on it waits for nothing here.
  func withManifests(
    of plan: SealedPlan, _ progress: CutProgress, _ cut: () async -> Void
  ) async {
    guard let keeping = environment.manifests, let request = ManifestRequest(plan.plan) else {
      return await cut()
    }
    let clock = environment.clock
    let session = ManifestSession()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.keep(request, keeping, session, progress) }
      await session.waitForListing(until: clock.now() + keeping.headStart, clock)
      await cut()
      session.cutEnded(progress.witness(of: Set(plan.plan.members.map(\.group))))
    }
  }

  /// Not on the actor: reading ten thousand objects must not delay what else it is asked.
  @concurrent
  private nonisolated func keep(
    _ request: ManifestRequest, _ keeping: ManifestKeeping, _ session: ManifestSession,
    _ progress: CutProgress
  ) async {
    let backup = request.backup
    var summary: ManifestSummary
    let digest = Mutex(ManifestDigest())
    do throws(CatalogError) {
      try await keeping.store.beginManifests(
        of: backup, in: request.namespaces, epoch: environment.fences.epoch)
      summary = await keeping.source.capture(request, beside: session) {
        (manifests) throws(CatalogError) in
        let kept = try Self.sealing(manifests, of: backup, keeping.seal)
        try await keeping.store.addManifests(kept, to: backup)
        digest.withLock { digest in for manifest in kept { digest.add(manifest) } }
      }
      if summary.state != .failed { summary.digest = digest.withLock { $0.text } }
    } catch {
      session.listingEnded()
      summary = ManifestSummary(
        state: .failed, reason: error.description, namespaces: request.namespaces)
    }
    do throws(CatalogError) {
      try await keeping.store.finishManifests(summary, of: backup)
    } catch {
      summary = ManifestSummary(
        state: .failed, reason: error.description, namespaces: request.namespaces)
    }
    progress.note(nil, "manifests: \(summary.sentence)")
    guard summary.state != .complete else { return }
    environment.logger.warning(
      "manifests missing", metadata: ["backup": "\(backup)", "reason": "\(summary.sentence)"])
  }

  private static func sealing(
    _ manifests: [BackupManifest], of backup: BackupID, _ seal: ManifestSeal
  ) throws(CatalogError) -> [BackupManifest] {
    do {
      return try manifests.map {
        $0.resource == "secrets" ? try seal.sealed($0, of: backup.text) : $0
      }
    } catch {
      throw CatalogError(.storage, "a Secret could not be encrypted: \(error)")
    }
  }
}

extension BackupService {
  /// Every manifest of a backup, Secrets in clear, if all of them are what was stored; nil when `claim` finds no room for them.
  func openedManifests(of backup: BackupRecord, in claim: ManifestRoom.Claim)
    async throws(OperationError) -> [BackupManifest]?
  {
    let id = backup.plan.plan.backup
    guard let keeping = environment.manifests else {
      throw OperationError(.unavailable, "this coordinator serves no cluster")
    }
    var digest = ManifestDigest()
    var opened: [BackupManifest] = []
    var after = 0
    while true {
      let page = try await reading { () throws(CatalogError) in
        try await keeping.store.manifests(of: id, after: after, limit: 1000)
      }
      guard let last = page.last else { break }
      after = last.number
      for item in page {
        guard claim.take(item.manifest) else { return nil }
        digest.add(item.manifest)
        var manifest = item.manifest
        manifest.content = try Self.opened(manifest, of: id, keeping.seal)
        opened.append(manifest)
      }
    }
    guard digest.text == backup.manifests?.digest else {
      throw OperationError(
        .conflict, "the manifests of backup \(id) are not those that were stored with it",
        hint: "the catalog's file is damaged: restore a copy of it")
    }
    return opened
  }

  private static func opened(
    _ manifest: BackupManifest, of id: BackupID, _ seal: ManifestSeal
  ) throws(OperationError) -> Data {
    do {
      return try seal.opened(manifest, of: id.text)
    } catch {
      throw OperationError(
        .unavailable, "\(manifest.identity) of backup \(id) cannot be decrypted: \(error)",
        hint: "is the coordinator's manifests.key the one with which the backup was taken?")
    }
  }
}

extension BackupService: ManifestOperations {
  package func manifests(
    of id: BackupID, after: Int, limit: Int, secrets: Bool, author: String
  ) async throws(OperationError) -> [ShownManifest] {
    _ = try await backup(id)
    guard let keeping = environment.manifests else {
      throw OperationError(
        .notFound, "this coordinator serves no cluster, and its backups have no manifests",
        hint: "set kubernetes: in the coordinator's configuration")
    }
    let found = try await reading { () throws(CatalogError) in
      try await keeping.store.manifests(of: id, after: after, limit: limit)
    }
    if secrets, after == 0 {
      // Whoever reads Secrets is known before the first of them leaves.
      try await reading { () throws(CatalogError) in
        try await environment.audit.audit(
          AuditEntry(
            time: environment.clock.timestamp(), actor: author, action: "backup.secrets",
            object: id.text))
      }
    }
    var shown: [ShownManifest] = []
    for item in found {
      guard item.manifest.isSealed else {
        shown.append(ShownManifest(item, content: item.manifest.content))
        continue
      }
      guard secrets else {
        shown.append(ShownManifest(item, content: nil))
        continue
      }
      shown.append(
        ShownManifest(item, content: try Self.opened(item.manifest, of: id, keeping.seal)))
    }
    return shown
  }
}
