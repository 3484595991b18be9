internal import Foundation
internal import Identity
internal import Model
internal import NIOCore
internal import NIOSSL
internal import SwiftASN1
internal import Synchronization
internal import X509

/// Believes the coordinator whose chain ends in the authority that a token pins, and keeps that authority.
///
/// Replaces the TLS library's own verification, so it has to check everything: pin, chain, use, name, validity.
final class PinnedVerification: Sendable {
  private enum Outcome {
    case none
    case trusted(FleetTrust)
    case refused(String)
  }

  private let pin: Data
  private let outcome = Mutex(Outcome.none)

  init(pin: Data) { self.pin = pin }

  /// The authority that was found; nil before a handshake has succeeded.
  var trust: FleetTrust? {
    outcome.withLock { outcome in if case .trusted(let trust) = outcome { trust } else { nil } }
  }

  /// Why the last handshake was refused; nil when none was.
  var refusal: String? {
    outcome.withLock { outcome in if case .refused(let why) = outcome { why } else { nil } }
  }

  var callback:
    @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResultWithMetadata>) -> Void
  {
    { certificates, promise in
      promise.completeWithTask {
        do throws(IdentityError) {
          let trust = try await self.judge(certificates)
          self.outcome.withLock { $0 = .trusted(trust) }
          return .certificateVerified(VerificationMetadata(nil))
        } catch {
          self.outcome.withLock { $0 = .refused(error.message) }
          return .failed
        }
      }
    }
  }

  private func judge(_ presented: [NIOSSLCertificate]) async throws(IdentityError) -> FleetTrust {
    guard presented.count <= 4 else {
      throw IdentityError(.refused, "the coordinator's chain is too long")
    }
    let chain: [Certificate]
    do {
      chain = try presented.map { try Certificate(derEncoded: $0.toDERBytes()) }
    } catch {
      throw IdentityError(.refused, "the coordinator's certificate is malformed: \(error)")
    }
    guard let authority = chain.first(where: { $0.publicKeyHash == pin }) else {
      throw IdentityError(
        .refused, "the coordinator's authority is not the one that the token pins")
    }
    let trust = try FleetTrust(fleet: FleetID(authority: authority), certificates: [authority])
    _ = try await trust.identity(of: chain, at: .now(), roles: [.coordinator])
    return trust
  }
}
