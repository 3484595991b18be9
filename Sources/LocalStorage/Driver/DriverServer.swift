internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
package import Logging

/// The driver as a running server.
package final class DriverServer: Sendable {
  private let endpoint: Endpoint
  private let transport: HTTP2ServerTransport.Posix
  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let logger: Logger
  private let stops: AsyncStream<Never>
  private let stopSignal: AsyncStream<Never>.Continuation

  /// Binds the endpoint; nothing is answered before `run`.
  package init(pool: Pool, identity: DriverIdentity, endpoint: Endpoint, logger: Logger)
    throws(StorageError)
  {
    self.endpoint = endpoint
    self.logger = logger
    (stops, stopSignal) = AsyncStream.makeStream()
    let mounts = VolumeMounts(pool: pool)
    transport = HTTP2ServerTransport.Posix(
      listeningSocketDescriptor: Int(try endpoint.listen()), transportSecurity: .plaintext)
    server = GRPCServer(
      transport: transport,
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
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { try await self.server.serve() }
      group.addTask {
        // A transport that is told to stop before it listens closes a channel that SwiftNIO has half set up, and then
        // trips over it. Why one cannot listen is for `serve` to say.
        _ = try? await self.transport.listeningAddress
        for await _ in self.stops {}
        self.server.beginGracefulShutdown()
      }
    }
  }

  /// Takes no new calls; `run` returns once those under way are answered.
  package func stop() { stopSignal.finish() }
}
