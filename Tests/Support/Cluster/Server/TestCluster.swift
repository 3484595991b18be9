internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import KubernetesClient
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import X509

/// A running test API server, on loopback unless another address of the machine is given.
package struct TestCluster: Sendable {
  package let api: APIServer
  package let port: Int
  /// Nil for one without TLS.
  package let authority: TestAuthority?

  package enum Transport: Sendable {
    case plain
    case tls(TestAuthority)
  }

  /// Runs `body` beside a server that is stopped afterwards. Without users every request is that of an administrator.
  ///
  /// - Parameter host: an address of this machine.
  package static func with<Result: Sendable>(
    _ api: APIServer = APIServer(), over transport: Transport = .plain, host: String = "127.0.0.1",
    port: Int = 0,
    _ body: @escaping @Sendable (TestCluster) async throws -> Result
  ) async throws -> Result {
    let (ports, entry) = AsyncStream.makeStream(of: Int.self)
    var server = HTTPServerBuilder.http1()
    var authority: TestAuthority?
    if case .tls(let given) = transport {
      authority = given
      server = try .tls(
        .http1(), tlsConfiguration: given.serverConfiguration(hosts: [host, "localhost"]))
    }
    var logger = Logger(label: "test-cluster")
    logger.logLevel = .critical
    let application = Application(
      responder: ClusterResponder(api: api), server: server,
      configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
      onServerRunning: { channel in
        entry.yield(channel.localAddress?.port ?? 0)
        entry.finish()
      }, logger: logger)
    return try await withThrowingTaskGroup(of: Result?.self) { [authority] group in
      group.addTask {
        try await application.run()
        return nil
      }
      group.addTask {
        for await port in ports {
          return try await body(TestCluster(api: api, port: port, authority: authority))
        }
        throw CancellationError()
      }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      throw CancellationError()
    }
  }

  /// How a client gets there; with `token` as a user that the server knows.
  package func access(token: String? = nil) throws -> ClusterAccess {
    ClusterAccess(
      server: ServerAddress(isSecure: authority != nil, host: "127.0.0.1", port: port),
      trust: try authority.map { .pem(try $0.pem) } ?? .system,
      identity: token.map { .token(BearerToken($0)) } ?? .anonymous)
  }
}

/// Where a request came from.
struct ClusterContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}
