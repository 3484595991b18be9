import CoordinatorCore
import CutProtocol
import Foundation
import GRDB
import Model
import Testing

@testable import Catalog

struct `The manifests of a backup` {
  private let id = BackupID(accepted: "b1")

  private func manifest(_ name: String, _ content: String = "{}") -> BackupManifest {
    BackupManifest(
      apiVersion: "v1", kind: "ConfigMap", resource: "configmaps", namespace: "shop", name: name,
      uid: "u-\(name)", resourceVersion: "7", standing: .changed, owner: "Shop/s", isFact: true,
      content: Data(content.utf8), isSealed: true)
  }

  private var complete: ManifestSummary {
    ManifestSummary(
      state: .complete, namespaces: ["shop"],
      kinds: [.init(resource: "configmaps", count: 3, proved: 0)], digest: "d")
  }

  /// A catalog with a backup that has three manifests.
  private func stock(_ catalog: Catalog) async throws -> UInt64 {
    let epoch = try await catalog.prepared()
    try await catalog.create(try Sample.plan(), by: "ann")
    try await catalog.beginManifests(of: id, in: ["shop"], epoch: epoch)
    try await catalog.addManifests([manifest("a"), manifest("b")], to: id)
    try await catalog.addManifests([manifest("c", "[1.0]")], to: id)
    return epoch
  }

  @Test func `are read as they were stored, once they are complete`() async throws {
    try await withCatalog { catalog in
      _ = try await stock(catalog)
      #expect(try await catalog.manifests(of: id, after: 0, limit: 9).isEmpty)
      #expect(try await catalog.backup(id)?.manifests?.state == .pending)
      try await catalog.finishManifests(complete, of: id)
      #expect(try await catalog.backup(id)?.manifests == complete)
      let all = try await catalog.manifests(of: id, after: 0, limit: 9)
      #expect(all.map(\.number) == [1, 2, 3])
      #expect(all.map(\.manifest) == [manifest("a"), manifest("b"), manifest("c", "[1.0]")])
      #expect(try await catalog.manifests(of: id, after: 1, limit: 1) == [all[1]])
    }
  }

  @Test func `have failed when their coordinator stopped before they were complete`() async throws {
    try await withDirectory { directory in
      let catalog = try Catalog(path: directory + "/catalog")
      _ = try await stock(catalog)
      try catalog.close()
      let next = try Catalog(path: directory + "/catalog")
      _ = try await next.beginEpoch()
      let summary = try await next.backup(id)?.manifests
      #expect(summary?.state == .failed)
      #expect(summary?.reason == "the coordinator stopped before they were stored")
      #expect(try await next.manifests(of: id, after: 0, limit: 9).isEmpty)
      try next.close()
    }
  }

  @Test func `keep what they have alike once, and go with their backup`() async throws {
    try await withCatalog { catalog in
      let epoch = try await stock(catalog)
      try await catalog.finishManifests(complete, of: id)
      func contents() async throws -> Int? {
        try await catalog.look("test") { db in
          try Int.fetchOne(db, sql: "SELECT count(*) FROM manifest_content")
        }
      }
      #expect(try await contents() == 2)
      try await catalog.commit(
        CutOutcome(
          backup: id, verdict: Verdict(grade: .failed, drained: false, sentence: "refused"),
          groups: [], endedAt: time(8)), epoch: epoch)
      try await catalog.beginDeletion(id, at: time(9))
      try await catalog.finishDeletion(id)
      #expect(try await contents() == 0)
    }
  }

  @Test func `are refused when they are not what was stored`() async throws {
    try await withDirectory { directory in
      let catalog = try Catalog(path: directory + "/catalog")
      _ = try await stock(catalog)
      try await catalog.finishManifests(complete, of: id)
      try catalog.close()
      let queue = try DatabaseQueue(path: directory + "/catalog")
      try await queue.write { db in
        try db.execute(
          sql: """
            DROP TRIGGER manifest_content_never_changes;
            UPDATE manifest_content SET content = x'00'
            """)
      }
      try queue.close()
      let damaged = try Catalog(path: directory + "/catalog")
      await expectFailure(.unusable) {
        _ = try await damaged.manifests(of: id, after: 0, limit: 9)
      }
      try damaged.close()
    }
  }

  @Test func `of ten thousand objects come in bounded parts`() async throws {
    try await withCatalog { catalog in
      let epoch = try await catalog.prepared()
      try await catalog.create(try Sample.plan(), by: "ann")
      try await catalog.beginManifests(of: id, in: ["shop"], epoch: epoch)
      let filling = String(repeating: "x", count: 2000)
      for part in 0..<100 {
        try await catalog.addManifests(
          (0..<100).map { manifest("m\(part)-\($0)", "\"\(part)-\($0)-\(filling)\"") }, to: id)
      }
      try await catalog.finishManifests(complete, of: id)
      var (after, count, pages) = (0, 0, 0)
      while true {
        let page = try await catalog.manifests(of: id, after: after, limit: 10_000)
        guard let last = page.last else { break }
        #expect(page.reduce(0) { $0 + $1.manifest.content.count } < 9 << 20)
        (after, count, pages) = (last.number, count + page.count, pages + 1)
      }
      #expect(count == 10_000 && pages == 3)
    }
  }
}
