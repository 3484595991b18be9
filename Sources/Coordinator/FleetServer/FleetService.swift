internal import CoordinatorCore
internal import FleetWire
internal import Foundation
internal import GRPCCore
internal import Identity
internal import Logging
internal import Model
internal import X509

/// The service for enrolled agents.
struct FleetService: Stillpoint_Fleet_V1_Fleet.SimpleServiceProtocol {
  let authority: CertificateAuthority
  let gateway: FleetGateway
  let doorkeeper: AgentDoorkeeper
  let events: any FleetEvents
  let configuration: FleetServerConfiguration
  let logger: Logger

  func attach(
    request: SessionLoop.Incoming, response: SessionLoop.Outgoing, context: ServerContext
  ) async throws {
    let agent: AdmittedAgent
    do throws(Farewell) {
      agent = try await doorkeeper.admit(context)
    } catch {
      logger.warning(
        "agent turned away", metadata: ["peer": "\(context.remotePeer)", "reason": "\(error)"])
      return try await response.write(CoordinatorMessage.farewell(error).wire())
    }
    let session = AgentSession(agent, outbox: configuration.outbox)
    var logger = logger
    logger[metadataKey: "node"] = "\(agent.node)"
    logger[metadataKey: "peer"] = "\(context.remotePeer)"
    let loop = SessionLoop(
      agent: agent, session: session, gateway: gateway, doorkeeper: doorkeeper,
      events: SessionEvents(events), configuration: configuration, logger: logger)
    do {
      try await withRPCCancellationHandler { () async throws -> Void in
        try await loop.run(request, response)
      } onCancelRPC: {
        session.close(Farewell(.unavailable, "the coordinator stops"))
      }
    } catch {
      session.close(nil)
      logger.info("agent stream broke", metadata: ["error": "\(error)"])
    }
    await end(session, loop, logger)
  }

  /// Tells the core, exactly once and only if it was told of the connection.
  private func end(_ session: AgentSession, _ loop: SessionLoop, _ logger: Logger) async {
    let wasConnected = (loop.events as? SessionEvents)?.wasConnected ?? false
    let events = events
    // The stream's task may be cancelled by now, and a child would inherit that: but the core must note the end,
    // and the node's next session must not begin for it before every earlier one has ended.
    await Task {
      if wasConnected { await events.agentDisconnected(session.node) }
      _ = await session.previous?.end.wait()
      session.previous = nil
    }.value
    if wasConnected {
      logger.notice(
        "agent disconnected", metadata: ["told": "\(session.farewell?.message ?? "nothing")"])
    }
    gateway.remove(session)
    session.end.open()
  }

  func renew(
    request: Stillpoint_Fleet_V1_RenewRequest, context: ServerContext
  ) async throws -> Stillpoint_Fleet_V1_CertificateReply {
    let agent: AdmittedAgent
    do throws(Farewell) {
      agent = try await doorkeeper.admit(context)
    } catch {
      throw RPCError(error)
    }
    do throws(IdentityError) {
      let key = try SigningRequest.provenKey(request.signingRequest)
      guard key == agent.certificate.publicKey else {
        throw IdentityError(.refused, "a renewal must be for the key of the current certificate")
      }
      let certificate = try authority.issueAgent(agent.node, key: key, now: doorkeeper.now())
      logger.info("agent certificate renewed", metadata: ["node": "\(agent.node)"])
      return try CertificateReplies.make(certificate, authority)
    } catch {
      throw RPCError(code: .invalidArgument, message: error.message)
    }
  }
}

extension RPCError {
  /// How a farewell is said where there is no stream to say it on.
  init(_ farewell: Farewell) {
    let code: RPCError.Code = farewell.reason == .unavailable ? .unavailable : .permissionDenied
    self.init(
      code: code, message: farewell.message,
      metadata: ["stillpoint-reason": "\(farewell.reason.rawValue)"])
  }
}

enum CertificateReplies {
  static func make(_ certificate: Certificate, _ authority: CertificateAuthority)
    throws(IdentityError) -> Stillpoint_Fleet_V1_CertificateReply
  {
    var reply = Stillpoint_Fleet_V1_CertificateReply()
    reply.certificate = try certificate.der
    reply.authorities = [try authority.certificate.der]
    return reply
  }
}
