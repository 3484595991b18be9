internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import ServiceLifecycle

/// Where the API listens.
package struct OperatorAddress: Hashable, Sendable {
  package var host: String
  /// 0 lets the system choose.
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }
}

/// The operator API: HTTPS and JSON, for operators' certificates only.
///
/// Bounds: 256 connections, 60 s without a request, 32 KiB of headers; bodies as `Call` says.
package struct OperatorServer: Service {
  static let mostConnections = 256
  static let idleTimeout = TimeAmount.seconds(60)

  private let application: Application<OperatorResponder>

  /// `onRunning` is told the port once connections are accepted. Throws what the TLS library says of malformed
  /// material.
  package init(
    address: OperatorAddress, tls: OperatorTLS, operations: Operations, logger: Logger,
    onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
  ) throws {
    let server = try HTTPServerBuilder.tls(
      .http1(
        configuration: HTTP1Channel.Configuration(
          idleTimeout: Self.idleTimeout,
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100))
      ), tlsConfiguration: tls.configuration())
    application = Application(
      responder: OperatorResponder(
        trust: tls.trust, operators: operations.operators,
        table: RouteTable(operatorRoutes(operations))),
      server: server,
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port),
        availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections)),
      onServerRunning: { await onRunning($0.localAddress?.port ?? address.port) },
      logger: logger)
  }

  /// Serves until graceful shutdown; open event streams are then ended.
  package func run() async throws {
    try await application.run()
  }
}

/// The whole table.
func operatorRoutes(_ operations: Operations) -> [Route] {
  fleetRoutes(operations) + planRoutes(operations) + backupRoutes(operations)
    + restoreRoutes(operations) + agentRoutes(operations) + operatorIdentityRoutes(operations)
    + serverRoutes(operations)
}

/// Method and path of every route, for comparison with `docs/openapi.yaml`.
package func operatorRouteNames(_ operations: Operations) -> [String] {
  operatorRoutes(operations).map { "\($0.method) \($0.path)" }
}
