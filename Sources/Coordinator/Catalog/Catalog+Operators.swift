package import CoordinatorCore
internal import GRDB
package import Model
internal import Synchronization

extension Catalog: OperatorStore {
  package func operators() async throws(CatalogError) -> [OperatorRecord] {
    try await look("listing the operators") { db in
      try db.rows("SELECT * FROM operator ORDER BY name").map { row in
        let name = try OperatorName(row["name"] as String)
        var certificate: OperatorCertificate?
        if let issued = row.optionalTime("issued_at"), let expires = row.optionalTime("expires_at")
        {
          certificate = OperatorCertificate(name: name, issued: issued, expires: expires)
        }
        return OperatorRecord(
          name: name, certificate: certificate, revokedAt: row.optionalTime("revoked_at"))
      }
    }
  }

  package func note(_ certificate: OperatorCertificate) async throws(CatalogError) {
    try await decide("noting a certificate of operator \(certificate.name)") { db in
      try db.run(
        """
        INSERT INTO operator (name, issued_at, expires_at) VALUES (:name, :issued, :expires)
        ON CONFLICT (name) DO UPDATE SET issued_at = :issued, expires_at = :expires
        WHERE issued_at IS NULL OR issued_at < :issued
        """,
        [
          "name": certificate.name.text, "issued": certificate.issued.nanoseconds,
          "expires": certificate.expires.nanoseconds,
        ])
    }
  }

  package func revoke(operator name: OperatorName, at time: Timestamp)
    async throws(CatalogError)
  {
    try await decide(
      "revoking operator \(name)",
      afterwards: { _ in
        self.revokedOperators.withLock { $0[name] = max($0[name] ?? time, time) }
      },
      { db in
        try db.run(
          """
          INSERT INTO operator (name, revoked_at) VALUES (:name, :time)
          ON CONFLICT (name) DO UPDATE SET revoked_at = max(ifnull(revoked_at, :time), :time)
          """, ["name": name.text, "time": time.nanoseconds])
      })
  }

  package func revocation(of name: OperatorName) -> Timestamp? {
    revokedOperators.withLock { $0[name] }
  }

  static func revokedOperators(_ db: Database) throws -> [OperatorName: Timestamp] {
    var revoked: [OperatorName: Timestamp] = [:]
    for row in try db.rows("SELECT name, revoked_at FROM operator WHERE revoked_at IS NOT NULL") {
      revoked[try OperatorName(row["name"] as String)] = row.time("revoked_at")
    }
    return revoked
  }
}
