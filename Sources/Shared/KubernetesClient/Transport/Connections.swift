internal import AsyncHTTPClient
internal import NIOCore

/// Connections to one API server, apart by priority, so that a request of a cut always finds one.
///
/// HTTP/1.1 on purpose: with HTTP/2 all requests would share one connection, and one large list would delay the rest.
struct Connections: Sendable {
  private let byPriority: [RequestPriority: HTTPClient]
  private let usualWatches: HTTPClient
  private let cutWatches: HTTPClient

  init(_ access: ClusterAccess, _ options: ClientOptions) {
    var byPriority: [RequestPriority: HTTPClient] = [:]
    for priority in RequestPriority.allCases {
      byPriority[priority] = Self.client(
        access, options, connections: options.allowance(priority).connections)
    }
    self.byPriority = byPriority
    usualWatches = Self.client(
      access, options, connections: options.watches, silence: options.usualWatch.longestSilence)
    cutWatches = Self.client(
      access, options, connections: options.watches, silence: options.cutWatch.longestSilence)
  }

  subscript(priority: RequestPriority) -> HTTPClient { byPriority[priority] ?? usualWatches }

  func watches(_ priority: RequestPriority) -> HTTPClient {
    priority == .cut ? cutWatches : usualWatches
  }

  func close() async {
    for client in Array(byPriority.values) + [usualWatches, cutWatches] {
      // Fails only for a client that is closed already.
      try? await client.shutdown()
    }
  }

  private static func client(
    _ access: ClusterAccess, _ options: ClientOptions, connections: Int, silence: Duration? = nil
  ) -> HTTPClient {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(
        connect: TimeAmount(options.connectTimeout), read: silence.map { TimeAmount($0) }),
      connectionPool: .init(
        idleTimeout: .seconds(30), concurrentHTTP1ConnectionsPerHostSoftLimit: connections),
      decompression: .disabled)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    if access.server.isSecure {
      // Runs behind the handshake; no request gets a connection before it has succeeded.
      let expected = ExpectedName(access.serverName ?? access.server.host)
      configuration.http1_1ConnectionDebugInitializer = { expected.check($0) }
    }
    if let name = access.serverName, name != access.server.host {
      // The name that is verified and the address that is dialled are two.
      configuration.dnsOverride = [name: access.server.host]
    }
    if let proxy = access.proxy {
      configuration.proxy = .server(host: proxy.host, port: proxy.port)
    }
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }
}
