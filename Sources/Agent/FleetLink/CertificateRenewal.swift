package import Identity
package import Logging
internal import Model
internal import ServiceLifecycle

/// Keeps the agent's certificate valid: renews it at half of its life, with jitter and never during a hold, and
/// rejoins with the enrolled key when it has expired.
package struct CertificateRenewal: Service {
  /// How often the clock is looked at; a wall clock can jump.
  private static let check = Duration.seconds(20)
  /// How long a renewal waits for a hold to end before it looks again.
  private static let holdCheck = Duration.milliseconds(500)

  private let enrolment: AgentEnrolment
  private let credential: HeldCredential
  private let isHolding: @Sendable () async -> Bool
  private let refusedBackoff: Duration
  private let logger: Logger

  package init(
    enrolment: AgentEnrolment, credential: HeldCredential, refusedBackoff: Duration = .seconds(900),
    isHolding: @escaping @Sendable () async -> Bool, logger: Logger
  ) {
    self.enrolment = enrolment
    self.credential = credential
    self.refusedBackoff = refusedBackoff
    self.isHolding = isHolding
    self.logger = logger
  }

  /// Ends only when it is cancelled or shut down.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      do {
        try await loop()
      } catch {
        // Only sleeping throws, and only when the service ends.
      }
    }
  }

  private func loop() async throws {
    var backoff = Backoff(first: .seconds(1), longest: .seconds(300))
    var due = credential.current.renewal(jitter: .random(in: 0...1))
    while true {
      let wait = due - Timestamp.now()
      if wait > .zero {
        try await Task.sleep(for: min(wait, Self.check))
        continue
      }
      if await isHolding() {
        try await Task.sleep(for: Self.holdCheck)
        continue
      }
      do throws(EnrolmentFailure) {
        let current = credential.current
        let fresh =
          current.isValid(at: .now())
          ? try await enrolment.renew(current) : try await enrolment.rejoin(current)
        credential.replace(with: fresh)
        due = fresh.renewal(jitter: .random(in: 0...1))
        backoff.reset()
      } catch {
        let isFinal = error.code == .revoked || error.code == .refused
        let pause = isFinal ? Backoff.spread(refusedBackoff) : backoff.next()
        logger.error(
          "certificate could not be renewed",
          metadata: [
            "error": "\(error)", "until": "\(credential.current.notAfter)",
            "again in": "\(pause.shortText)",
          ])
        try await Task.sleep(for: pause)
      }
    }
  }
}
