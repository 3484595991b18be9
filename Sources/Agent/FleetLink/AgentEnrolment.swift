internal import Crypto
internal import FleetWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
package import Identity
package import Logging
internal import Foundation
package import Model
internal import SwiftASN1
internal import SwiftProtobuf
internal import X509

/// How a node gets its certificates. Every call dials, asks once and hangs up; nothing here retries.
package struct AgentEnrolment: Sendable {
  /// How long one call may take.
  private static let timeout = Duration.seconds(20)

  private let configuration: FleetLinkConfiguration
  private let store: CredentialStore
  private let logger: Logger

  package init(configuration: FleetLinkConfiguration, store: CredentialStore, logger: Logger) {
    self.configuration = configuration
    self.store = store
    self.logger = logger
  }

  /// Uses a token. The credential is stored before this returns.
  ///
  /// May be repeated with the same token and store when an answer was lost on the way: the node then proves the key
  /// that it enrolled with.
  package func enrol(_ token: EnrolmentToken) async throws(EnrolmentFailure) -> Credential {
    let key = try local { () throws(IdentityError) in try store.enrolmentKey() }
    do throws(EnrolmentFailure) {
      return try await enrol(token.node, key, pin: token.pin) { $0.secret = token.secret }
    } catch {
      guard error.code == .refused, let trust = try? store.authority(),
        let credential = try? await rejoin(token.node, key, trust)
      else { throw error }
      return credential
    }
  }

  /// What an earlier enrolment left, by whatever means; nil when there was none.
  func stored() throws(IdentityError) -> Credential? { try store.load() }

  /// Lets the cluster vouch for this node: `token` is the one that it gave to the agent's pod. May be repeated.
  package func enrol(_ node: NodeID, podToken token: String, pin: AuthorityPin)
    async throws(EnrolmentFailure) -> Credential
  {
    let key = try local { () throws(IdentityError) in try store.enrolmentKey() }
    return try await enrol(node, key, pin: pin.hash) { $0.podToken = token }
  }

  private func enrol(
    _ node: NodeID, _ key: P256.Signing.PrivateKey, pin: Data,
    showing secret: @escaping @Sendable (inout Stillpoint_Fleet_V1_EnrolRequest) -> Void
  ) async throws(EnrolmentFailure) -> Credential {
    let verification = PinnedVerification(pin: pin)
    let request = try local { () throws(IdentityError) in try SigningRequest.make(key: key) }
    let reply = try await call(
      { try Dialling.enrolling(configuration.host, configuration.enrolmentPort, verification) },
      verification
    ) { client in
      let service = Stillpoint_Fleet_V1_Enrolment.Client(wrapping: client)
      // A first call makes the handshake, so that the authority is stored before a token is used up.
      _ = try await service.challenge(.with { $0.node = node.text }, options: Dialling.options)
      if let trust = verification.trust { try store.save(authority: trust) }
      var enrol = Stillpoint_Fleet_V1_EnrolRequest()
      enrol.node = node.text
      enrol.signingRequest = request
      secret(&enrol)
      return try await service.enrol(enrol, options: Dialling.options)
    }
    guard let trust = verification.trust else {
      throw EnrolmentFailure(.untrusted, "the coordinator showed no certificate")
    }
    return try accept(reply, node, key, trust)
  }

  /// Proves the enrolled key; for a node whose certificate has expired.
  package func rejoin(_ expired: Credential) async throws(EnrolmentFailure) -> Credential {
    guard case .agent(_, let node) = expired.identity else {
      throw EnrolmentFailure(.local, "\(expired.identity.uri) is no agent")
    }
    return try await rejoin(node, expired.privateKey, expired.trust)
  }

  /// Asks for the next certificate by means of the current one, which must still be valid.
  package func renew(_ current: Credential) async throws(EnrolmentFailure) -> Credential {
    guard case .agent(_, let node) = current.identity else {
      throw EnrolmentFailure(.local, "\(current.identity.uri) is no agent")
    }
    let request = try local { () throws(IdentityError) in
      try SigningRequest.make(key: current.privateKey)
    }
    let reply = try await call(
      { try Dialling.fleet(configuration.host, configuration.port, current) }, nil
    ) { client in
      try await Stillpoint_Fleet_V1_Fleet.Client(wrapping: client).renew(
        .with { $0.signingRequest = request }, options: Dialling.options)
    }
    return try accept(reply, node, current.privateKey, current.trust)
  }

  private func rejoin(_ node: NodeID, _ key: P256.Signing.PrivateKey, _ trust: FleetTrust)
    async throws(EnrolmentFailure) -> Credential
  {
    let request = try local { () throws(IdentityError) in try SigningRequest.make(key: key) }
    let reply = try await call(
      { try Dialling.rejoining(configuration.host, configuration.enrolmentPort, trust) }, nil
    ) { client in
      let service = Stillpoint_Fleet_V1_Enrolment.Client(wrapping: client)
      let challenge = try await service.challenge(
        .with { $0.node = node.text }, options: Dialling.options
      ).challenge
      let proof = try RejoinProof.make(
        challenge: challenge, fleet: trust.fleet, node: node, key: key)
      let rejoin = Stillpoint_Fleet_V1_RejoinRequest.with {
        $0.node = node.text
        $0.challenge = challenge
        $0.proof = proof
        $0.signingRequest = request
      }
      return try await service.rejoin(rejoin, options: Dialling.options)
    }
    return try accept(reply, node, key, trust)
  }

  /// Checks what was issued as if it came from a stranger, and stores it.
  private func accept(
    _ reply: Stillpoint_Fleet_V1_CertificateReply, _ node: NodeID, _ key: P256.Signing.PrivateKey,
    _ trust: FleetTrust
  ) throws(EnrolmentFailure) -> Credential {
    try local { () throws(IdentityError) in
      let certificate: Certificate
      do {
        certificate = try Certificate(derEncoded: Array(reply.certificate))
      } catch {
        throw IdentityError(.malformed, "the certificate that was issued is malformed")
      }
      let credential = try Credential(privateKey: key, certificate: certificate, trust: trust)
      guard credential.identity == .agent(trust.fleet, node) else {
        throw IdentityError(
          .mismatched, "a certificate was issued for \(credential.identity.uri), not for \(node)")
      }
      try store.save(credential)
      logger.notice("certificate stored", metadata: ["until": "\(credential.notAfter)"])
      return credential
    }
  }

  private func call<Reply: Sendable>(
    _ transport: () throws -> HTTP2ClientTransport.Posix, _ verification: PinnedVerification?,
    _ body: @escaping @Sendable (GRPCClient<HTTP2ClientTransport.Posix>) async throws -> Reply
  ) async throws(EnrolmentFailure) -> Reply {
    do {
      let transport = try transport()
      return try await withThrowingTaskGroup(of: Reply.self) { group in
        group.addTask {
          try await withGRPCClient(transport: transport) { client in try await body(client) }
        }
        group.addTask {
          try await Task.sleep(for: Self.timeout)
          throw EnrolmentFailure(
            .unreachable, "no answer within \(Self.timeout.shortText)")
        }
        defer { group.cancelAll() }
        guard let reply = try await group.next() else {
          throw EnrolmentFailure(.unreachable, "the call was given up")
        }
        return reply
      }
    } catch {
      throw EnrolmentFailure(error, configuration, refusal: verification?.refusal)
    }
  }

  private func local<Value>(_ body: () throws(IdentityError) -> Value)
    throws(EnrolmentFailure) -> Value
  {
    do throws(IdentityError) {
      return try body()
    } catch {
      throw EnrolmentFailure(.local, error.description)
    }
  }
}
