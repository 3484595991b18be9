internal import CoordinatorCore
internal import FleetWire
internal import Foundation
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Identity
internal import Model
internal import X509

/// An agent whose certificate was checked when its stream was opened.
struct AdmittedAgent: Sendable {
  var node: NodeID
  var certificate: Certificate
  /// When the certificate ends, and with it the stream's right to speak.
  var notAfter: Timestamp
}

/// Decides which peers may speak as which node, at the door and again for every message.
struct AgentDoorkeeper: Sendable {
  var trust: FleetTrust
  var registry: any NodeRegistry
  var now: @Sendable () -> Timestamp

  /// The agent behind a call: its certificate is from this fleet's authority, in force, an agent's, and made for the
  /// key that the node enrolled with. Throws a farewell that says what is wrong.
  func admit(_ context: ServerContext) async throws(Farewell) -> AdmittedAgent {
    guard
      let transport = context.transportSpecific as? HTTP2ServerTransport.Posix.Context,
      let leaf = transport.peerCertificate
    else { throw Farewell(.identity, "no certificate was presented") }
    let identity: PeerIdentity
    do throws(IdentityError) {
      identity = try await trust.identity(of: [leaf], at: now(), roles: [.agent])
    } catch {
      throw Farewell(.identity, error.message)
    }
    guard case .agent(_, let node) = identity else {
      throw Farewell(.identity, "certificate \(identity.uri) is not that of an agent")
    }
    let agent = AdmittedAgent(
      node: node, certificate: leaf, notAfter: leaf.notValidAfter.timestamp)
    if let farewell = await refusal(of: agent) { throw farewell }
    do {
      guard try await registry.enrolledKey(node) == leaf.publicKeyHash else {
        throw Farewell(
          .identity, "\(node) is not enrolled with this key: it was enrolled anew or never here")
      }
    } catch let error as Farewell {
      throw error
    } catch {
      throw Farewell(.unavailable, "whether \(node) is enrolled cannot be told: \(error)")
    }
    return agent
  }

  /// Why the agent may not say anything more; nil while it may. Asked for every message.
  func refusal(of agent: AdmittedAgent) async -> Farewell? {
    guard now() < agent.notAfter else {
      return .expired(agent.node, agent.notAfter)
    }
    do {
      guard try await registry.isRevoked(agent.node) else { return nil }
      return .revoked(agent.node)
    } catch {
      // Who cannot be checked is not served: a revoked agent must not profit from a failing disk.
      return Farewell(.unavailable, "whether \(agent.node) is revoked cannot be told: \(error)")
    }
  }
}

extension Farewell {
  static func expired(_ node: NodeID, _ time: Timestamp) -> Farewell {
    Farewell(.identity, "the certificate of \(node) expired at \(time)")
  }

  static func revoked(_ node: NodeID) -> Farewell {
    Farewell(.revoked, "\(node) is revoked; it takes part again after enrolling with a new token")
  }
}
