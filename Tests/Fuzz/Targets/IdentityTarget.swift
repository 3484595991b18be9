import Crypto
import Foundation
import Identity
import Model
import SwiftASN1
import X509

@testable import CommandLineKit

extension FuzzTarget {
  /// Tokens, names, certificates, requests and proofs that strangers present.
  static let identity = FuzzTarget(
    name: "identity",
    words: [
      "spt1:", "spiffe://", "/agent/", "/operator/", "/coordinator",
      "-----BEGIN CERTIFICATE-----\n",
      "\n-----END CERTIFICATE-----\n", "\u{6}\u{3}U\u{1d}\u{11}",
    ],
    seeds: { try identitySeeds() },
    run: { bytes in
      var parts = Parts(bytes)
      do {
        try readIdentity(kind: parts.byte() % 7, parts.rest)
      } catch let error as IdentityError {
        try BrokenPromise.unlessShort(error.description, atMost: 16 << 10)
      }
    })

  private static func readIdentity(kind: UInt8, _ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    switch kind {
    case 0:
      let token = try EnrolmentToken(text: text)
      try BrokenPromise.unlessSame(try EnrolmentToken(text: token.text), token, "a token")
    case 1:
      let identity = try PeerIdentity(uri: text)
      try BrokenPromise.unlessSame(try PeerIdentity(uri: identity.uri), identity, "an identity")
    case 2:
      let trust = try FleetTrust(pem: text, what: "ca.pem")
      _ = try trust.pem
    case 3:
      guard let certificate = try? Certificate(derEncoded: bytes) else {
        _ = try PeerIdentity(certificateDER: bytes)
        return
      }
      _ = certificate.publicKeyHash
      _ = try certificate.der
      _ = try? FleetID(authority: certificate)
      let own = try scratch.trust
      let claimed = try? FleetTrust(fleet: scratch.fleet, authorities: [Data(bytes)])
      _ = Sample.waiting {
        for trust in [own, claimed].compactMap(\.self) {
          _ = try? await trust.identity(
            of: [certificate], at: .now(), roles: [.agent, .operator, .coordinator])
        }
      }
      _ = try PeerIdentity(certificate: certificate)
    case 4:
      let key = try SigningRequest.provenKey(Data(bytes))
      _ = try scratch.issueAgent(NodeID(accepted: "node-1"), key: key)
    case 5:
      _ = AuthorityFingerprint(text)
      _ = try? P256.Signing.PrivateKey(pemRepresentation: text)
    default:
      _ = RejoinProof.isValid(
        Data(bytes), challenge: Data([1]), fleet: scratch.fleet, node: NodeID(accepted: "node-1"),
        key: scratch.certificate.publicKey)
      _ = ChallengeMaker().isFresh(
        Data(bytes), for: NodeID(accepted: "node-1"), now: Timestamp(nanoseconds: 0))
    }
  }

  /// An authority whose files are gone again when it is there.
  static let scratch: CertificateAuthority = {
    let path = FileManager.default.temporaryDirectory.path + "/stillpoint-fuzz-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    do {
      return try CertificateAuthority.open(
        directory: path, fleet: FleetID(accepted: "prod"))
    } catch {
      preconditionFailure("no authority can be made in \(path): \(error)")
    }
  }()

  private static func identitySeeds() throws -> [[UInt8]] {
    let token = EnrolmentToken(node: NodeID(accepted: "node-1"), authority: scratch).text
    let key = P256.Signing.PrivateKey()
    let request = try SigningRequest.make(key: key)
    let agent = try scratch.issueAgent(
      NodeID(accepted: "node-1"), key: SigningRequest.provenKey(request))
    let server = try scratch.issueCoordinator()
    let proof = try RejoinProof.make(
      challenge: Data([1]), fleet: scratch.fleet, node: NodeID(accepted: "node-1"), key: key)
    let fingerprint = AuthorityFingerprint(certificate: try scratch.certificate.der)
    return [
      [0] + Array(token.utf8), [1] + Array("spiffe://prod/agent/node-1".utf8),
      [1] + Array("spiffe://prod/coordinator".utf8),
      [2] + Array(try server.authorityPEM.utf8), [3] + Array(try agent.der),
      [3] + Array(try scratch.certificate.der), [3] + Array(try server.certificate.der),
      [4] + Array(request), [5] + Array("\(fingerprint)".utf8),
      [5] + Array(key.pemRepresentation.utf8), [6] + Array(proof),
    ]
  }
}
