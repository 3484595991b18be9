package import CoordinatorCore
internal import Foundation
internal import GRDB
package import Model

extension Catalog: ManifestStore {
  /// No answer is larger, but for one whose first manifest is.
  private static let largestPage = 8 << 20

  package func beginManifests(of backup: BackupID, in namespaces: [String], epoch: UInt64)
    async throws(CatalogError)
  {
    let summary = ManifestSummary(state: .pending, namespaces: namespaces)
    try await decide("beginning the manifests of backup \(backup)") { db in
      try db.run("DELETE FROM backup_manifest WHERE backup = ?", [backup.text])
      try db.run(
        """
        INSERT INTO backup_manifests (backup, epoch, summary) VALUES (?, ?, ?)
        ON CONFLICT (backup) DO UPDATE SET epoch = excluded.epoch, summary = excluded.summary
        """,
        [backup.text, try Stored.integer(epoch, "epoch"), try Stored.json(summary)])
    }
  }

  package func addManifests(_ manifests: [BackupManifest], to backup: BackupID)
    async throws(CatalogError)
  {
    try await decide("storing manifests of backup \(backup)") { db in
      let last = try db.row(
        "SELECT ifnull(max(number), 0) AS last FROM backup_manifest WHERE backup = ?",
        [backup.text])
      var number: Int = last?["last"] ?? 0
      for manifest in manifests {
        number += 1
        try db.add(manifest, number, to: backup)
      }
    }
  }

  package func finishManifests(_ summary: ManifestSummary, of backup: BackupID)
    async throws(CatalogError)
  {
    try await decide("storing the manifests of backup \(backup)") { db in
      if summary.state == .failed {
        try db.run("DELETE FROM backup_manifest WHERE backup = ?", [backup.text])
      }
      try db.run(
        "UPDATE backup_manifests SET summary = ? WHERE backup = ?",
        [try Stored.json(summary), backup.text])
    }
  }

  package func manifests(of backup: BackupID, after: Int, limit: Int) async throws(CatalogError)
    -> [NumberedManifest]
  {
    try await look("reading the manifests of backup \(backup)") { db in
      guard let summary = try db.manifestSummary(of: backup.text),
        summary.state == .complete || summary.state == .partial
      else { return [] }
      let rows = try Row.fetchCursor(
        db.cachedStatement(
          sql: """
            SELECT backup_manifest.*, manifest_content.digest AS digest,
              manifest_content.content AS bytes
            FROM backup_manifest JOIN manifest_content ON manifest_content.id = backup_manifest.content
            WHERE backup = ? AND number > ? ORDER BY number LIMIT ?
            """), arguments: [backup.text, after, max(0, limit)])
      var found: [NumberedManifest] = []
      var size = 0
      while size < Self.largestPage, let row = try rows.next() {
        let item = try NumberedManifest(row, of: backup)
        size += item.manifest.content.count
        found.append(item)
      }
      return found
    }
  }
}

extension Database {
  fileprivate func add(_ manifest: BackupManifest, _ number: Int, to backup: BackupID) throws {
    let digest = manifest.digest
    try run(
      "INSERT INTO manifest_content (digest, content) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
      [digest, manifest.content])
    try run(
      """
      INSERT INTO backup_manifest (backup, number, api_version, kind, resource, namespace, name, uid,
        version, standing, owner, fact, sealed, content)
      VALUES (:backup, :number, :api, :kind, :resource, :namespace, :name, :uid, :version, :standing,
        :owner, :fact, :sealed, (SELECT id FROM manifest_content WHERE digest = :digest))
      """,
      [
        "backup": backup.text, "number": number, "api": manifest.apiVersion,
        "kind": manifest.kind, "resource": manifest.resource, "namespace": manifest.namespace,
        "name": manifest.name, "uid": manifest.uid, "version": manifest.resourceVersion,
        "standing": manifest.standing.rawValue, "owner": manifest.owner,
        "fact": manifest.isFact, "sealed": manifest.isSealed, "digest": digest,
      ])
  }

  /// Nil for a backup that has none.
  func manifestSummary(of backup: String) throws -> ManifestSummary? {
    guard
      let row = try row(
        """
        SELECT summary, epoch = (SELECT current FROM epoch) AS present FROM backup_manifests
        WHERE backup = ?
        """, [backup])
    else { return nil }
    var summary = try Stored.value(ManifestSummary.self, row["summary"])
    if summary.state == .pending, row["present"] == false {
      summary.state = .failed
      summary.reason = "the coordinator stopped before they were stored"
    }
    return summary
  }
}

extension NumberedManifest {
  fileprivate init(_ row: Row, of backup: BackupID) throws {
    guard let standing = BackupManifest.Standing(rawValue: row["standing"]) else {
      throw CatalogError(.unusable, "a manifest of backup \(backup) has no known standing")
    }
    let manifest = BackupManifest(
      apiVersion: row["api_version"], kind: row["kind"], resource: row["resource"],
      namespace: row["namespace"], name: row["name"], uid: row["uid"],
      resourceVersion: row["version"], standing: standing, owner: row["owner"],
      isFact: row["fact"], content: row["bytes"], isSealed: row["sealed"])
    guard manifest.digest == row["digest"] as Data else {
      throw CatalogError(
        .unusable, "\(manifest.identity) of backup \(backup) is not what was stored",
        hint: "the catalog's file is damaged: restore a copy of it")
    }
    self.init(number: row["number"], manifest: manifest)
  }
}
