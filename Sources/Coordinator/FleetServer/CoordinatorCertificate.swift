internal import Foundation
package import Identity
package import Logging
package import Model
internal import NIOCertificateReloading
package import NIOSSL
internal import ServiceLifecycle
internal import Synchronization

/// The coordinator's own certificate: kept in memory, made anew at half of its life, and used from the next
/// handshake on. Connections that are open stay open.
package final class CoordinatorCertificate: CertificateReloader, Sendable {
  private struct State {
    var credential: Credential
    var override: NIOSSLContextConfigurationOverride
  }

  private let authority: CertificateAuthority
  private let now: @Sendable () -> Timestamp
  private let logger: Logger
  private let state: Mutex<State>

  package init(
    authority: CertificateAuthority, logger: Logger,
    now: @escaping @Sendable () -> Timestamp = { .now() }
  ) throws {
    self.authority = authority
    self.logger = logger
    self.now = now
    state = Mutex(try Self.make(authority, now()))
  }

  package var sslContextConfigurationOverride: NIOSSLContextConfigurationOverride {
    state.withLock { $0.override }
  }

  /// What is shown to peers now.
  package var credential: Credential { state.withLock { $0.credential } }

  /// Makes a new key and certificate now.
  package func rotate() throws {
    let fresh = try Self.make(authority, now())
    state.withLock { $0 = fresh }
    logger.notice(
      "coordinator certificate made", metadata: ["until": "\(fresh.credential.notAfter)"])
  }

  /// Rotates whenever it is due, until it is cancelled.
  package func run() async throws {
    // Looked at often rather than slept through: a wall clock can jump.
    let check = Duration.seconds(30)
    while !Task.isCancelled {
      let life = credential.notAfter - now()
      if now() >= credential.renewal(jitter: 0) {
        do {
          try rotate()
        } catch {
          logger.error(
            "coordinator certificate could not be made",
            metadata: ["error": "\(error)", "left": "\(life.shortText)"])
        }
      }
      try await Task.sleep(for: check)
    }
  }

  private static func make(_ authority: CertificateAuthority, _ now: Timestamp) throws -> State {
    let credential = try authority.issueCoordinator(now: now)
    var override = NIOSSLContextConfigurationOverride()
    override.certificateChain = try credential.chain.map {
      .certificate(try NIOSSLCertificate(bytes: Array($0), format: .der))
    }
    override.privateKey = .privateKey(
      try NIOSSLPrivateKey(bytes: Array(credential.privateKeyPEM.utf8), format: .pem))
    return State(credential: credential, override: override)
  }
}
