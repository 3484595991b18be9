import Catalog
import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Synchronization
import Testing

/// A cluster with one config map and one Secret.
final class FakeSource: ManifestSource {
  let state: ManifestSummary.State
  /// Never says that everything is listed.
  let isSlow: Bool
  private let seen = Mutex<[ManifestSession.Witness?]>([])

  init(_ state: ManifestSummary.State = .complete, isSlow: Bool = false) {
    self.state = state
    self.isSlow = isSlow
  }

  var witnesses: [ManifestSession.Witness?] { seen.withLock { $0 } }

  func capture(
    _ request: ManifestRequest, beside session: ManifestSession,
    keep: @escaping @Sendable ([BackupManifest]) async throws(CatalogError) -> Void
  ) async -> ManifestSummary {
    if !isSlow { session.listingEnded() }
    let witness = await session.witness()
    seen.withLock { $0.append(witness) }
    do throws(CatalogError) {
      try await keep(["configmaps", "secrets"].map { Self.manifest($0) })
    } catch {
      return ManifestSummary(state: .failed, reason: "\(error)", namespaces: request.namespaces)
    }
    return ManifestSummary(state: state, namespaces: request.namespaces)
  }

  static func manifest(_ resource: String) -> BackupManifest {
    BackupManifest(
      apiVersion: "v1", kind: "K", resource: resource, namespace: "shop", name: "n", uid: "u",
      resourceVersion: "1", standing: .atWitness, content: Data("{\"data\":\"hidden\"}".utf8))
  }
}

struct `Manifests of a backup` {
  private func shop(_ capture: ManifestRules.Capture) throws -> BackupPlan {
    var plan = try Shop.plan(services: ["orders", "payments"])
    plan.manifests = ManifestRules(capture: capture)
    return plan
  }

  @Test func `are taken across the cut's witness, and Secrets lie encrypted`() async throws {
    let source = FakeSource()
    try await withCoordinator(source: source) { coordinator in
      try await coordinator.stock()
      let record = try await coordinator.backUp()
      let id = record.plan.plan.backup
      #expect(source.witnesses.count == 1 && source.witnesses[0] != nil)
      #expect(record.manifests?.state == .complete && record.manifests?.digest?.count == 64)
      let stored = try await coordinator.catalog.manifests(of: id, after: 0, limit: 9)
      #expect(stored.map(\.manifest.isSealed) == [false, true])
      #expect(stored[1].manifest.content.range(of: Data("hidden".utf8)) == nil)
      let shown = try await coordinator.backups.manifests(
        of: id, after: 0, limit: 9, secrets: false, author: "ann")
      #expect(shown.map(\.content) == [FakeSource.manifest("configmaps").content, nil])
      let opened = try await coordinator.backups.manifests(
        of: id, after: 0, limit: 9, secrets: true, author: "ann")
      #expect(opened[1].content == FakeSource.manifest("secrets").content)
      let audit = try await coordinator.catalog.auditEntries(limit: 50)
      #expect(audit.count { $0.action == "backup.secrets" && $0.actor == "ann" } == 1)
    }
  }

  @Test func `that are required and missing keep a backup from meeting its plan`() async throws {
    for (state, capture, meets) in [
      (ManifestSummary.State.partial, ManifestRules.Capture.required, false),
      (.complete, .required, true), (.failed, .optional, true),
    ] {
      try await withCoordinator(source: FakeSource(state)) { coordinator in
        try await coordinator.stock(plan: try shop(capture))
        let record = try await coordinator.backUp()
        #expect(record.verdict?.grade == .applicationConsistent)
        #expect(record.meetsPlan == meets, "\(state) \(capture)")
      }
    }
  }

  @Test func `that are required where no cluster is served are missing`() async throws {
    try await withCoordinator { coordinator in
      try await coordinator.stock(plan: try shop(.required))
      #expect(try await coordinator.backUp().meetsPlan == false)
    }
  }

  @Test func `that are slow to be listed delay the cut by a bound, and are none of it`()
    async throws
  {
    let source = FakeSource(isSlow: true)
    try await withCoordinator(source: source) { coordinator in
      try await coordinator.stock()
      let record = try await coordinator.backUp()
      #expect(record.verdict?.grade == .applicationConsistent)
      #expect(record.manifests?.state == .complete)
    }
  }

  @Test func `that are not wanted are not read`() async throws {
    let source = FakeSource()
    try await withCoordinator(source: source) { coordinator in
      try await coordinator.stock(plan: try shop(.none))
      let record = try await coordinator.backUp()
      #expect(record.manifests == nil && source.witnesses.isEmpty)
    }
  }

  @Test func `of a cut without a witness have none`() async throws {
    let source = FakeSource()
    try await withCoordinator(source: source) { coordinator in
      try await coordinator.stock()
      coordinator.fleet.set(
        .init(refusal: Refusal(.hazard, "fsync is off")), for: try ServiceName("payments"))
      _ = try await coordinator.backUp()
      #expect(source.witnesses == [nil])
    }
  }

  @Test func `open as the object that was sealed and as no other`() throws {
    let seal = try #require(ManifestSeal(key: ManifestSeal.newKey()))
    let sealed = try seal.sealed(FakeSource.manifest("secrets"), of: "b1")
    #expect(try seal.opened(sealed, of: "b1") == FakeSource.manifest("secrets").content)
    var moved = sealed
    moved.name = "other"
    #expect(throws: (any Error).self) { try seal.opened(moved, of: "b1") }
    #expect(throws: (any Error).self) { try seal.opened(sealed, of: "b2") }
    let other = try #require(ManifestSeal(key: ManifestSeal.newKey()))
    #expect(throws: (any Error).self) { try other.opened(sealed, of: "b1") }
    #expect(ManifestSeal(key: Data([1])) == nil)
  }
}
