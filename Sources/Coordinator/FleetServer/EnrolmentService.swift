internal import CoordinatorCore
internal import FleetWire
internal import Foundation
internal import GRPCCore
internal import Identity
internal import Logging
internal import Model
internal import SwiftProtobuf
internal import X509

/// The service for nodes that have no valid certificate: by a token, or by the key that they enrolled with.
struct EnrolmentService: Stillpoint_Fleet_V1_Enrolment.SimpleServiceProtocol {
  let authority: CertificateAuthority
  let tokens: any TokenStore
  let registry: any NodeRegistry
  /// Nil where no cluster vouches for agents.
  let pods: (any PodIdentity)?
  let gateway: FleetGateway
  let challenges = ChallengeMaker()
  let limit: RateLimit
  let now: @Sendable () -> Timestamp
  let logger: Logger

  func enrol(
    request: Stillpoint_Fleet_V1_EnrolRequest, context: ServerContext
  ) async throws -> Stillpoint_Fleet_V1_CertificateReply {
    let node = try await checked(request.node, context)
    let key = try provenKey(request.signingRequest)
    if request.podToken.isEmpty {
      try await redeem(request.secret, node, context)
      try await stored("the enrolment of \(node)") {
        try await registry.enrolled(node, publicKeyHash: key.hash, at: now())
      }
    } else {
      try await ask(aboutPod: request.podToken, node, context)
      try await vouch(for: node, key, context)
    }
    // Whoever was connected as this node until now did so with the key that has just been replaced.
    await gateway.disconnect(node)
    logger.notice(
      "agent enrolled", metadata: ["node": "\(node)", "peer": "\(context.remotePeer)"])
    return try issue(node, key)
  }

  private func redeem(_ secret: Data, _ node: NodeID, _ context: ServerContext) async throws {
    guard secret.count <= 64 else { throw refused("the token's secret is too long") }
    let hash = EnrolmentToken.hash(secret: secret)
    let answer = try await stored("the token of \(node)") {
      try await tokens.redeem(hash: hash, node: node, now: now())
    }
    // Each answer is given only to somebody who knows the secret, and none names another node or a time.
    switch answer {
    case .accepted: break
    case .unknown:
      throw refused("the token is not known to this coordinator", node, context)
    case .used: throw refused("the token was already used", node, context)
    case .expired: throw refused("the token has expired", node, context)
    case .otherNode: throw refused("the token was made for another node", node, context)
    }
  }

  /// Throws unless the cluster says that the pod with this token runs on `node`.
  private func ask(aboutPod token: String, _ node: NodeID, _ context: ServerContext) async throws {
    guard token.utf8.count <= WireLimits.podToken else {
      throw refused("the pod's token is too long")
    }
    guard let pods else {
      throw refused("this coordinator serves no cluster; it needs a token", node, context)
    }
    let found: NodeID
    do throws(PodIdentityError) {
      found = try await pods.node(ofToken: token)
    } catch {
      guard error.code == .refused else {
        logger.warning(
          "cluster not asked for an enrolment",
          metadata: ["node": "\(node)", "error": "\(error.cause ?? error.description)"])
        throw RPCError(code: .unavailable, message: error.description)
      }
      throw refused(error.description, node, context)
    }
    guard found == node else {
      throw refused("the pod's token is of another node", node, context)
    }
  }

  private func vouch(
    for node: NodeID, _ key: Certificate.PublicKey, _ context: ServerContext
  ) async throws {
    let answer = try await stored("the enrolment of \(node)") {
      try await registry.vouched(for: node, publicKeyHash: key.hash, at: now())
    }
    switch answer {
    case .accepted: break
    case .revoked: throw RPCError(Farewell.revoked(node))
    case .enrolledByHand:
      throw refused(
        "\(node) was enrolled by a token made by hand, which a cluster's word does not replace; "
          + "it needs another one", node, context)
    }
  }

  func challenge(
    request: Stillpoint_Fleet_V1_ChallengeRequest, context: ServerContext
  ) async throws -> Stillpoint_Fleet_V1_ChallengeReply {
    let node = try await checked(request.node, context)
    return .with { $0.challenge = challenges.make(for: node, now: now()) }
  }

  func rejoin(
    request: Stillpoint_Fleet_V1_RejoinRequest, context: ServerContext
  ) async throws -> Stillpoint_Fleet_V1_CertificateReply {
    let node = try await checked(request.node, context)
    let key = try provenKey(request.signingRequest)
    guard challenges.isFresh(request.challenge, for: node, now: now()) else {
      throw refused("the challenge is not one of the last minute", node, context)
    }
    guard request.proof.count <= 256,
      RejoinProof.isValid(
        request.proof, challenge: request.challenge, fleet: authority.fleet, node: node, key: key)
    else { throw refused("the proof is not a signature over the challenge", node, context) }
    // Only now, when the key is proved, is anything said about the node.
    let enrolled = try await stored("the enrolment of \(node)") {
      try await registry.enrolledKey(node)
    }
    guard enrolled == key.hash else {
      throw refused("\(node) is not enrolled with this key; it needs a token", node, context)
    }
    let isRevoked = try await stored("the revocation of \(node)") {
      try await registry.isRevoked(node)
    }
    guard !isRevoked else { throw RPCError(Farewell.revoked(node)) }
    logger.notice(
      "agent rejoined", metadata: ["node": "\(node)", "peer": "\(context.remotePeer)"])
    return try issue(node, key)
  }

  private func issue(_ node: NodeID, _ key: Certificate.PublicKey) throws
    -> Stillpoint_Fleet_V1_CertificateReply
  {
    do throws(IdentityError) {
      return try CertificateReplies.make(
        authority.issueAgent(node, key: key, now: now()), authority)
    } catch {
      throw RPCError(code: .internalError, message: error.message)
    }
  }

  private func checked(_ name: String, _ context: ServerContext) async throws -> NodeID {
    guard limit.allows(context.remotePeer) else {
      throw RPCError(
        code: .resourceExhausted, message: "too many enrolment calls from this address; wait")
    }
    guard name.utf8.count <= 512 else { throw refused("the node's name is too long") }
    do throws(InvalidIdentifier) {
      return try NodeID(name)
    } catch {
      throw refused(error.description)
    }
  }

  private func provenKey(_ request: Data) throws -> Certificate.PublicKey {
    do throws(IdentityError) {
      return try SigningRequest.provenKey(request)
    } catch {
      throw refused(error.message)
    }
  }

  /// Runs a call of the catalog; its own words stay in the log, since the caller is a stranger.
  private func stored<Value: Sendable>(
    _ what: String, _ body: () async throws -> Value
  ) async throws -> Value {
    do {
      return try await body()
    } catch {
      logger.error("catalog failed for an enrolment", metadata: ["error": "\(error)"])
      throw RPCError(code: .unavailable, message: "\(what) cannot be looked up or stored now")
    }
  }

  private func refused(_ why: String) -> RPCError {
    RPCError(code: .permissionDenied, message: why)
  }

  private func refused(_ why: String, _ node: NodeID, _ context: ServerContext) -> RPCError {
    logger.warning(
      "enrolment refused",
      metadata: ["node": "\(node)", "peer": "\(context.remotePeer)", "reason": "\(why)"])
    return refused(why)
  }
}
