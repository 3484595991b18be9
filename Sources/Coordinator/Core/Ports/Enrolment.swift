package import Foundation
package import Model

/// Enrolment tokens, of which only the SHA-256 of the secret is kept.
package protocol TokenStore: Sendable {
  /// Keeps a token durably. `hash` is the SHA-256 of its secret, 32 bytes; no hash is ever stored twice.
  func store(hash: Data, node: NodeID, expires: Timestamp) async throws
  /// Looks the token up and, when the answer is `.accepted`, marks it as used at `now`, durably and in one
  /// transaction, so that of two concurrent calls at most one is accepted.
  ///
  /// Checks in this order: unknown, bound to another node, used, expired (`now >= expires`). Only `.accepted`
  /// changes anything. Never retried: an agent whose answer got lost rejoins with the key that was enrolled.
  func redeem(hash: Data, node: NodeID, now: Timestamp) async throws -> TokenRedemption
}

/// What became of an attempt to use a token.
package enum TokenRedemption: Hashable, Sendable {
  case accepted
  case unknown
  case used(at: Timestamp)
  case expired(at: Timestamp)
  /// The token was made for the node named here, not for the one that asked.
  case otherNode(NodeID)
}

/// What became of an enrolment on a cluster's word.
package enum VouchedEnrolment: Hashable, Sendable {
  case accepted
  /// The node was told to go; only a token brings it back.
  case revoked
  /// A token was once redeemed for the node.
  case enrolledByHand
}

/// Which nodes belong to the fleet, by which key, and which were told to go.
package protocol NodeRegistry: Sendable {
  /// Records durably that `node` now proves itself by the key whose subject public key info has this
  /// SHA-256 (32 bytes). Replaces an earlier key and lifts a revocation: only a redeemed token leads here, and
  /// revoking a node also has to make its unused tokens useless. Idempotent.
  func enrolled(_ node: NodeID, publicKeyHash: Data, at time: Timestamp) async throws
  /// Does the same on a cluster's word, in one transaction with the question whether that is enough. A cluster vouches
  /// for every pod that it runs, for ever anew, and anybody may give a machine the name of one of another place: so its
  /// word neither lifts a revocation nor replaces what an operator enrolled. Only `.accepted` changes anything.
  func vouched(for node: NodeID, publicKeyHash: Data, at time: Timestamp) async throws
    -> VouchedEnrolment
  /// The hash that `enrolled` recorded last; nil for a node that never enrolled.
  func enrolledKey(_ node: NodeID) async throws -> Data?
  /// Whether the node is revoked now. Asked for every message, so it must answer from memory or within a
  /// millisecond; a node that never enrolled is not revoked.
  func isRevoked(_ node: NodeID) async throws -> Bool
}
