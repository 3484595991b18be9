internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
package import Logging

/// The driver as a running server.
package final class DriverServer: Sendable {
  private let endpoint: Endpoint
  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let logger: Logger

  /// Binds the endpoint; nothing is answered before `run`.
  package init(pool: Pool, identity: DriverIdentity, endpoint: Endpoint, logger: Logger)
    throws(StorageError)
  {
    self.endpoint = endpoint
    self.logger = logger
    let mounts = VolumeMounts(pool: pool)
    server = GRPCServer(
      transport: HTTP2ServerTransport.Posix(
        listeningSocketDescriptor: Int(try endpoint.listen()), transportSecurity: .plaintext),
      services: [
        IdentityService(pool: pool),
        ControllerService(pool: pool, mounts: mounts, identity: identity),
        GroupControllerService(pool: pool),
        NodeService(mounts: mounts, identity: identity),
      ],
      interceptors: [CallLog(logger: logger)])
  }

  /// Answers calls until `stop`, or until the task is cancelled; removes the socket at the end.
  package func run() async throws {
    defer { endpoint.remove() }
    logger.notice("driver ready", metadata: ["endpoint": "\(endpoint.path)"])
    do {
      try await server.serve()
    } catch let error as RuntimeError where error.code == .serverIsStopped {
      // Stopped before it began: nothing was asked, nothing is left to answer.
    }
  }

  /// Takes no new calls; `run` returns once those under way are answered.
  package func stop() { server.beginGracefulShutdown() }
}
