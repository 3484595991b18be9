package import CoordinatorCore
package import Foundation
internal import GRDB
package import Model
internal import Synchronization

extension Catalog: TokenStore {
  package func store(hash: Data, node: NodeID, expires: Timestamp) async throws {
    try await decide("keeping a token for node \(node)") { db in
      guard hash.count == 32 else {
        throw CatalogError(.conflict, "a token's hash has 32 bytes, not \(hash.count)")
      }
      guard try !db.holds("SELECT EXISTS (SELECT 1 FROM token WHERE hash = ?)", [hash]) else {
        throw CatalogError(.conflict, "this token is already kept")
      }
      try db.run(
        "INSERT INTO token (hash, node, expires_at) VALUES (?, ?, ?)",
        [hash, node.text, expires.nanoseconds])
    }
  }

  package func redeem(hash: Data, node: NodeID, now: Timestamp) async throws -> TokenRedemption {
    try await decide("redeeming a token for node \(node)") { db in
      guard let row = try db.row("SELECT * FROM token WHERE hash = ?", [hash]) else {
        return .unknown
      }
      let owner = try NodeID(row["node"] as String)
      guard owner == node else { return .otherNode(owner) }
      if let used = row.optionalTime("used_at") { return .used(at: used) }
      let expires = row.time("expires_at")
      guard now < expires else { return .expired(at: expires) }
      try db.run("UPDATE token SET used_at = ? WHERE hash = ?", [now.nanoseconds, hash])
      return .accepted
    }
  }
}

extension Catalog: NodeRegistry {
  package func enrolled(_ node: NodeID, publicKeyHash: Data, at time: Timestamp) async throws {
    try await decide(
      "enrolling node \(node)",
      afterwards: { _ in self.revoked.withLock { _ = $0.remove(node) } },
      { db in try db.enrol(node, publicKeyHash, at: time) })
  }

  package func vouched(for node: NodeID, publicKeyHash: Data, at time: Timestamp) async throws
    -> VouchedEnrolment
  {
    try await decide("enrolling node \(node)") { db in
      let isRevoked = try db.holds(
        "SELECT EXISTS (SELECT 1 FROM node WHERE id = ? AND revoked_at IS NOT NULL)", [node.text])
      guard !isRevoked else { return .revoked }
      let isByHand = try db.holds(
        "SELECT EXISTS (SELECT 1 FROM token WHERE node = ? AND used_at IS NOT NULL)", [node.text])
      guard !isByHand else { return .enrolledByHand }
      try db.enrol(node, publicKeyHash, at: time)
      return .accepted
    }
  }

  package func enrolledKey(_ node: NodeID) async throws -> Data? {
    try await look("reading the key of node \(node)") { db in
      try db.row("SELECT key_hash FROM node WHERE id = ?", [node.text])?["key_hash"] as Data?
    }
  }

  package func isRevoked(_ node: NodeID) async throws -> Bool {
    revoked.withLock { $0.contains(node) }
  }
}

extension Database {
  fileprivate func enrol(_ node: NodeID, _ publicKeyHash: Data, at time: Timestamp) throws {
    guard publicKeyHash.count == 32 else {
      throw CatalogError(
        .conflict, "a public key's hash has 32 bytes, not \(publicKeyHash.count)")
    }
    // The history goes back to the first enrolment, so that one stays.
    try run(
      """
      INSERT INTO node (id, enrolled_at, key_hash) VALUES (:id, :time, :hash)
      ON CONFLICT (id) DO UPDATE SET key_hash = :hash, revoked_at = NULL
      """, ["id": node.text, "time": time.nanoseconds, "hash": publicKeyHash])
  }
}
