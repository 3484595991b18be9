internal import CoordinatorCore
internal import CutProtocol
internal import Foundation
internal import GRDB
internal import Model

/// Certificates and what an outcome rests on, stored as they came.
extension Database {
  func insert(_ certificate: HoldCertificate, backup: String) throws -> Int64 {
    try run(
      "INSERT INTO certificate (backup, statement, signature) VALUES (?, ?, ?)",
      [backup, certificate.statement, certificate.signature])
    let id = lastInsertedRowID
    for (position, der) in certificate.chain.enumerated() {
      try run(
        "INSERT INTO certificate_chain (certificate, position, der) VALUES (?, ?, ?)",
        [id, position, der])
    }
    return id
  }

  func certificate(_ id: Int64) throws -> HoldCertificate? {
    guard let row = try row("SELECT statement, signature FROM certificate WHERE id = ?", [id])
    else { return nil }
    let chain = try rows(
      "SELECT der FROM certificate_chain WHERE certificate = ? ORDER BY position", [id])
    return HoldCertificate(
      statement: row["statement"], signature: row["signature"], chain: chain.map { $0["der"] })
  }

  func insert(_ group: GroupEvidence, at position: Int, of backup: BackupID) throws {
    let key = try FenceKey(group.fence)
    let isBegun = try holds(
      """
      SELECT EXISTS (SELECT 1 FROM attempt
        WHERE epoch = ? AND cut = ? AND attempt = ? AND part = ? AND backup = ?)
      """, [key.epoch, key.cut, key.attempt, group.group, backup.text])
    guard isBegun else {
      throw CatalogError(
        .conflict,
        "backup \(backup) has no attempt \(group.fence) of group \(group.group) to commit")
    }
    try run(
      """
      INSERT INTO evidence_group (backup, position, part, epoch, cut, attempt, left_out)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """,
      [
        backup.text, position, group.group, key.epoch, key.cut, key.attempt,
        try Stored.json(group.leftOut),
      ])
    for (place, certificate) in group.certificates.enumerated() {
      let id = try kept(certificate, of: backup) ?? insert(certificate, backup: backup.text)
      try run(
        """
        INSERT INTO evidence_certificate (backup, position, place, certificate)
        VALUES (?, ?, ?, ?)
        """, [backup.text, position, place, id])
    }
  }

  /// The row of exactly these bytes, when they came in before.
  private func kept(_ certificate: HoldCertificate, of backup: BackupID) throws -> Int64? {
    let candidates = try rows(
      "SELECT id FROM certificate WHERE backup = ? AND statement = ? AND signature = ?",
      [backup.text, certificate.statement, certificate.signature])
    return try candidates.map { $0["id"] as Int64 }.first {
      try self.certificate($0) == certificate
    }
  }

  func evidence(of backup: String) throws -> [GroupEvidence] {
    try rows("SELECT * FROM evidence_group WHERE backup = ? ORDER BY position", [backup]).map {
      row in
      let certificates = try rows(
        """
        SELECT certificate FROM evidence_certificate WHERE backup = ? AND position = ?
        ORDER BY place
        """, [backup, row["position"] as Int])
      return GroupEvidence(
        group: row["part"], fence: Fence(row),
        certificates: try certificates.compactMap { try certificate($0["certificate"]) },
        leftOut: try Stored.value([LeftOut].self, row["left_out"]))
    }
  }
}
