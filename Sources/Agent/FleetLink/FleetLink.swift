package import AgentCore
internal import FleetWire
package import Identity
package import Logging
internal import Model
internal import ServiceLifecycle
internal import Synchronization

/// The agent's connection to its coordinator, kept up for as long as the agent runs.
package struct FleetLink: Service {
  /// A connection that lasted this long was a good one: the next failure starts with the shortest wait again.
  private static let goodAfter = Duration.seconds(10)

  private let configuration: FleetLinkConfiguration
  private let credential: HeldCredential
  private let handler: any OrderHandler
  private let records: any RecordSource
  private let reports: FleetReports
  private let logger: Logger

  package init(
    configuration: FleetLinkConfiguration, credential: HeldCredential, handler: any OrderHandler,
    records: any RecordSource, reports: FleetReports, logger: Logger
  ) {
    self.configuration = configuration
    self.credential = credential
    self.handler = handler
    self.records = records
    self.reports = reports
    self.logger = logger
  }

  /// Ends only when it is cancelled or shut down.
  package func run() async throws {
    let lanes = OrderLanes(handler: handler, logger: logger)
    let desk = RequestDesk(handler: handler)
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await lanes.run() }
        group.addTask { await desk.run() }
        do {
          try await dial(lanes, desk)
        } catch {
          // Only sleeping throws, and only when the service ends.
        }
        group.cancelAll()
      }
    }
  }

  private func dial(_ lanes: OrderLanes, _ desk: RequestDesk) async throws {
    var backoff = Backoff(first: configuration.backoff, longest: configuration.longestBackoff)
    var hasWarnedOfExpiry = false
    while true {
      try Task.checkCancellation()
      let current = credential.current
      guard current.isValid(at: .now()) else {
        if !hasWarnedOfExpiry {
          logger.error(
            "certificate is not valid now, waiting for a new one",
            metadata: ["certificate": "\(current)"])
        }
        hasWarnedOfExpiry = true
        try await Task.sleep(for: .milliseconds(200))
        continue
      }
      hasWarnedOfExpiry = false
      let session = LinkSession(
        configuration: configuration, credential: current, held: credential, handler: handler,
        records: records, reports: reports, lanes: lanes, desk: desk, logger: logger)
      let began = ContinuousClock.now
      let end = await session.run()
      if session.state.wasWelcomed {
        await handler.coordinatorLost()
        if ContinuousClock.now - began > Self.goodAfter { backoff.reset() }
      }
      try Task.checkCancellation()
      try await pause(after: end, of: current, &backoff)
    }
  }

  private func pause(after end: LinkEnd, of used: Credential, _ backoff: inout Backoff)
    async throws
  {
    switch end {
    case .renewed:
      logger.info("connecting anew with the renewed certificate")
    case .farewell(let farewell):
      let wait = wait(after: farewell.reason, &backoff)
      logger.error(
        "coordinator ended the connection",
        metadata: [
          "reason": "\(farewell.reason.rawValue)", "message": "\(farewell.message)",
          "again in": "\(wait.shortText)",
        ])
      try await sleep(wait, whileUsing: used)
    case .lost(let why):
      let wait = backoff.next()
      logger.warning(
        "coordinator is not connected",
        metadata: [
          "coordinator": "\(configuration.host):\(configuration.port)", "reason": "\(why)",
          "again in": "\(wait.shortText)",
        ])
      try await Task.sleep(for: wait)
    }
  }

  /// Waits, but not after the certificate was replaced: with a new one there is a new chance.
  private func sleep(_ wait: Duration, whileUsing used: Credential) async throws {
    let end = ContinuousClock.now + wait
    while credential.current.certificate == used.certificate {
      let left = end - .now
      guard left > .zero else { return }
      try await Task.sleep(for: min(left, .seconds(1)))
    }
  }

  private func wait(after reason: Farewell.Reason, _ backoff: inout Backoff) -> Duration {
    switch reason {
    case .incompatible, .revoked, .replaced, .identity:
      return Backoff.spread(configuration.refusedBackoff)
    case .violation, .overloaded, .unavailable:
      return backoff.next()
    }
  }
}
