package import Crypto
package import Foundation
package import Model
package import X509

/// How an agent whose certificate has expired proves that it is the one that enrolled: by a signature with its
/// enrolled key over a fresh challenge.
package enum RejoinProof {
  /// DER signature over the challenge, bound to the fleet and the node, so that it serves nowhere else.
  package static func make(
    challenge: Data, fleet: FleetID, node: NodeID, key: P256.Signing.PrivateKey
  ) throws(IdentityError) -> Data {
    do {
      return try key.signature(for: statement(challenge, fleet, node)).derRepresentation
    } catch {
      throw IdentityError(.malformed, "the challenge cannot be signed: \(error)")
    }
  }

  package static func isValid(
    _ signature: Data, challenge: Data, fleet: FleetID, node: NodeID, key: Certificate.PublicKey
  ) -> Bool {
    guard let key = P256.Signing.PublicKey(key),
      // A signature that cannot be read proves nothing, whatever is wrong with it.
      let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature)
    else { return false }
    return key.isValidSignature(signature, for: statement(challenge, fleet, node))
  }

  private static func statement(_ challenge: Data, _ fleet: FleetID, _ node: NodeID) -> Data {
    // Names contain no zero byte, so the parts cannot run into each other.
    Data("stillpoint rejoin 1\0\(fleet)\0\(node)\0".utf8) + challenge
  }
}

/// Makes and recognises challenges without remembering any, so that strangers cannot fill a table.
///
/// A challenge is good for one node and for `lifetime`. Within it a stolen proof could be played back, which
/// would only yield another certificate for the key that the thief does not have.
package struct ChallengeMaker: Sendable {
  package static let lifetime = Duration.seconds(60)
  /// Expiry, random number, authentication code.
  package static let length = 8 + 16 + 32

  private let key = SymmetricKey(size: .bits256)

  package init() {}

  package func make(for node: NodeID, now: Timestamp) -> Data {
    var generator = SystemRandomNumberGenerator()
    var body = Data()
    withUnsafeBytes(of: (now + Self.lifetime).nanoseconds.bigEndian) { body.append(contentsOf: $0) }
    for _ in 0..<2 {
      withUnsafeBytes(of: generator.next()) { body.append(contentsOf: $0) }
    }
    return body + Data(code(body, node))
  }

  /// Whether this process made the challenge for `node` within the last minute.
  package func isFresh(_ challenge: Data, for node: NodeID, now: Timestamp) -> Bool {
    guard challenge.count == Self.length else { return false }
    let body = Data(challenge.prefix(24))
    guard
      HMAC<SHA256>.isValidAuthenticationCode(
        Data(challenge.suffix(32)), authenticating: body + Data(node.text.utf8), using: key)
    else { return false }
    let expiry = body.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return now.nanoseconds < Int64(bitPattern: expiry)
  }

  private func code(_ body: Data, _ node: NodeID) -> HMAC<SHA256>.MAC {
    HMAC<SHA256>.authenticationCode(for: body + Data(node.text.utf8), using: key)
  }
}
