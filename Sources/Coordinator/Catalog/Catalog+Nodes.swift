package import CoordinatorCore
package import CutProtocol
internal import GRDB
package import Model
internal import Synchronization

extension Catalog: NodeStore {
  package func nodes() async throws(CatalogError) -> [NodeRecord] {
    try await look("listing the nodes") { db in
      try db.rows("SELECT * FROM node ORDER BY id").map { try NodeRecord($0) }
    }
  }

  package func node(_ id: NodeID) async throws(CatalogError) -> NodeRecord? {
    try await look("reading node \(id)") { db in
      try db.row("SELECT * FROM node WHERE id = ?", [id.text]).map { try NodeRecord($0) }
    }
  }

  package func connected(_ id: NodeID, hello: AgentHello, at time: Timestamp)
    async throws(CatalogError)
  {
    try await decide("noting that node \(id) connected") { db in
      try db.requireNode(id)
      try db.run(
        """
        UPDATE node SET last_seen = max(ifnull(last_seen, :time), :time), agent_version = :version
        WHERE id = :id
        """, ["time": time.nanoseconds, "version": hello.version, "id": id.text])
      try PlacementLedger(db, node: id).greet(journal: hello.journal, at: time)
    }
  }

  package func seen(_ id: NodeID, observed: JournalObservation?, at time: Timestamp)
    async throws(CatalogError)
  {
    try await decide("noting a heartbeat of node \(id)") { db in
      try db.requireNode(id)
      try db.run(
        "UPDATE node SET last_seen = max(ifnull(last_seen, :time), :time) WHERE id = :id",
        ["time": time.nanoseconds, "id": id.text])
      if let observed { try PlacementLedger(db, node: id).observed(observed, at: time) }
    }
  }

  package func revoke(_ id: NodeID, at time: Timestamp) async throws(CatalogError) {
    try await decide(
      "revoking node \(id)",
      afterwards: { _ in self.revoked.withLock { _ = $0.insert(id) } },
      { db in
        try db.requireNode(id)
        try db.run(
          "UPDATE node SET revoked_at = ifnull(revoked_at, ?) WHERE id = ?",
          [time.nanoseconds, id.text])
        // Whoever holds one could otherwise come back with it.
        try db.run("DELETE FROM token WHERE node = ? AND used_at IS NULL", [id.text])
      })
  }
}

extension NodeRecord {
  fileprivate init(_ row: Row) throws {
    self.init(
      id: try NodeID(row["id"] as String), enrolledAt: row.time("enrolled_at"),
      revokedAt: row.optionalTime("revoked_at"), lastSeen: row.optionalTime("last_seen"),
      observedThrough: row.optionalTime("observed_through"), agentVersion: row["agent_version"])
  }
}

extension Database {
  func requireNode(_ id: NodeID) throws {
    guard try holds("SELECT EXISTS (SELECT 1 FROM node WHERE id = ?)", [id.text]) else {
      throw CatalogError(.notFound, "no node \(id) is enrolled")
    }
  }
}
