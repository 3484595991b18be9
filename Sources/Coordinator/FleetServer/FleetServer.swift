package import CoordinatorCore
internal import FleetWire
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
package import Identity
package import Logging
package import Model
internal import ServiceLifecycle

/// The coordinator's side of every agent: one listener for enrolled agents, one for enrolment.
package struct FleetServer: Service {
  /// How much longer than a stream connections may take to end when the server is cancelled.
  private static let stopPatience = Duration.seconds(3)

  private let certificate: CoordinatorCertificate
  private let gateway: FleetGateway
  private let fleetTransport: HTTP2ServerTransport.Posix
  private let enrolmentTransport: HTTP2ServerTransport.Posix
  private let fleet: FleetService
  private let enrolment: EnrolmentService

  /// Listens from `run` on. Throws when the TLS configuration cannot be made.
  package init(
    configuration: FleetServerConfiguration, authority: CertificateAuthority,
    certificate: CoordinatorCertificate, gateway: FleetGateway, events: any FleetEvents,
    tokens: any TokenStore, registry: any NodeRegistry, pods: (any PodIdentity)? = nil,
    logger: Logger,
    now: @escaping @Sendable () -> Timestamp = { .now() }
  ) throws {
    self.certificate = certificate
    self.gateway = gateway
    let trust = try authority.trust
    let roots = try trust.authorities.map {
      TLSConfig.CertificateSource.bytes(Array(try $0.der), format: .der)
    }
    fleetTransport = HTTP2ServerTransport.Posix(
      address: Self.address(configuration.host, configuration.port),
      transportSecurity: try .mTLS(certificateReloader: certificate) {
        $0.trustRoots = .certificates(roots)
        $0.requireALPN = true
      },
      config: Self.transport(requestLimit: WireLimits.message))
    enrolmentTransport = HTTP2ServerTransport.Posix(
      address: Self.address(configuration.host, configuration.enrolmentPort),
      transportSecurity: try .tls(certificateReloader: certificate) { $0.requireALPN = true },
      config: Self.transport(requestLimit: 64 << 10))
    fleet = FleetService(
      authority: authority, gateway: gateway,
      doorkeeper: AgentDoorkeeper(trust: trust, registry: registry, now: now), events: events,
      configuration: configuration, logger: logger)
    enrolment = EnrolmentService(
      authority: authority, tokens: tokens, registry: registry, pods: pods, gateway: gateway,
      limit: RateLimit(
        burst: configuration.enrolmentBurst, interval: configuration.enrolmentInterval),
      now: now, logger: logger)
  }

  /// Serves until graceful shutdown or cancellation; either ends every stream with a farewell.
  package func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await certificate.run() }
      group.addTask { try await serve() }
      // The rotation ends only by error or cancellation; the servers end it with themselves.
      try await group.next()
      group.cancelAll()
    }
  }

  private func serve() async throws {
    let fleetServer = GRPCServer(transport: fleetTransport, services: [fleet])
    let enrolmentServer = GRPCServer(transport: enrolmentTransport, services: [enrolment])
    let (stops, stopSignal) = AsyncStream<Never>.makeStream()
    let stop: @Sendable () -> Void = { stopSignal.finish() }
    // Not a child: a listener that is cancelled while it accepts a connection drops it half made, and SwiftNIO then
    // ends the whole process ("Deinited NIOAsyncWriter without calling finish()"). So cancellation stops the
    // servers as a shutdown does, and only what does not end by itself is cancelled later.
    let servers = Task {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await fleetServer.serve() }
        group.addTask { try await enrolmentServer.serve() }
        group.addTask {
          // A transport that is told to stop before it listens closes a channel that SwiftNIO has half set up, and
          // then trips over it. Why one cannot listen is for `serve` to say.
          for transport in [fleetTransport, enrolmentTransport] {
            _ = try? await transport.listeningAddress
          }
          for await _ in stops {}
          gateway.closeAll(Farewell(.unavailable, "the coordinator stops"))
          fleetServer.beginGracefulShutdown()
          enrolmentServer.beginGracefulShutdown()
        }
        try await group.waitForAll()
      }
    }
    let patience = fleet.configuration.closingGrace + Self.stopPatience
    try await withTaskCancellationHandler {
      try await withGracefulShutdownHandler {
        try await servers.value
      } onGracefulShutdown: {
        stop()
      }
    } onCancel: {
      stop()
      // Not awaited: it outlives a stop that was quick by a few seconds of sleep, and then does nothing.
      Task {
        try await Task.sleep(for: patience)
        servers.cancel()
      }
    }
  }

  /// The port that agents attach to, once it is bound.
  package var port: Int { get async throws { try await Self.port(of: fleetTransport) } }

  /// The port that nodes enrol at, once it is bound.
  package var enrolmentPort: Int {
    get async throws { try await Self.port(of: enrolmentTransport) }
  }

  private static func port(of transport: HTTP2ServerTransport.Posix) async throws -> Int {
    let address = try await transport.listeningAddress
    return address.ipv4?.port ?? address.ipv6?.port ?? 0
  }

  private static func address(_ host: String, _ port: Int) -> GRPCNIOTransportCore.SocketAddress {
    host.contains(":") ? .ipv6(host: host, port: port) : .ipv4(host: host, port: port)
  }

  private static func transport(requestLimit: Int) -> HTTP2ServerTransport.Posix.Config {
    .defaults {
      $0.rpc.maxRequestPayloadSize = requestLimit
      $0.http2.maxConcurrentStreams = 16
      $0.connection.maxIdleTime = .seconds(60)
      $0.connection.keepalive.time = .seconds(20)
      $0.connection.keepalive.timeout = .seconds(10)
      $0.connection.keepalive.clientBehavior.allowWithoutCalls = true
      $0.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(5)
      // An order must not wait for others to be sent with it.
      $0.connection.flushCoalescing = nil
    }
  }
}
