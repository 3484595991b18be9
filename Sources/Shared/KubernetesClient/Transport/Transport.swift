internal import AsyncHTTPClient
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Sends requests: takes an allowance, shows who we are, waits as long as the server wants to be left alone.
final class Transport: Sendable {
  /// How often a server may send a request away with "later".
  static let mostPostponements = 10
  /// For a server that does not say how long.
  static let usualPostponement = Duration.seconds(1)

  let access: ClusterAccess
  let options: ClientOptions
  let logger: Logger
  let connections: Connections
  let credentials: CredentialSource
  let warnings = WarningLog()
  private let buckets: Mutex<[RequestPriority: TokenBucket]>
  private let origin: ContinuousClock.Instant

  init(_ access: ClusterAccess, _ options: ClientOptions, _ logger: Logger) {
    self.access = access
    self.options = options
    self.logger = logger
    connections = Connections(access, options)
    credentials = CredentialSource(access)
    origin = .now
    var buckets: [RequestPriority: TokenBucket] = [:]
    for priority in RequestPriority.allCases {
      let allowance = options.allowance(priority)
      buckets[priority] = TokenBucket(
        perSecond: allowance.perSecond, burst: allowance.burst, at: .zero)
    }
    self.buckets = Mutex(buckets)
  }

  /// The whole answer to a request that was not refused, which has to be there within `timeout`, waiting for an allowance and for an
  /// overloaded server included.
  func answer(
    _ request: APIRequest, priority: RequestPriority, timeout: Duration, largest: Int
  ) async throws(KubernetesError) -> APIAnswer {
    let clock = options.clock
    do {
      return try await withTimeout(timeout, clock) {
        try await self.postponing(request, priority, within: timeout) {
          let response = try await self.send(request, over: self.connections[priority])
          let bytes = try await self.collect(response.body, upTo: largest, of: request)
          let code = Int(response.status.code)
          guard (200..<300).contains(code) else {
            throw KubernetesError(refusal: code, response.headers, bytes, of: request)
          }
          return APIAnswer(status: code, headers: response.headers, bytes: bytes)
        }
      }
    } catch {
      throw KubernetesError(any: error, of: request, at: access.server, timeout: timeout)
    }
  }

  /// The beginning of an answer that goes on. `timeout` ends with the beginning.
  func stream(
    _ request: APIRequest, priority: RequestPriority, timeout: Duration
  ) async throws(KubernetesError) -> HTTPClientResponse {
    do {
      let deadline = NIODeadline.now() + TimeAmount(timeout)
      return try await postponing(request, priority, within: timeout) {
        let response = try await self.send(
          request, over: self.connections.watches(priority), deadline: deadline)
        guard !(200..<300).contains(response.status.code) else { return response }
        let bytes = try await self.collect(
          response.body, upTo: self.options.largestObject, of: request)
        throw KubernetesError(
          refusal: Int(response.status.code), response.headers, bytes, of: request)
      }
    } catch {
      throw KubernetesError(any: error, of: request, at: access.server, timeout: timeout)
    }
  }

  /// Repeats `attempt` while the server says "later", and once more with fresh credentials when it knows ours no longer.
  private func postponing<Result>(
    _ request: APIRequest, _ priority: RequestPriority, within limit: Duration,
    _ attempt: () async throws -> Result
  ) async throws -> Result {
    var postponed = 0
    var renewed = false
    while true {
      try await takeTurn(priority, within: limit, of: request)
      do {
        return try await attempt()
      } catch let error as KubernetesError {
        guard let status = error.status else { throw error }
        if status.code == 401, !renewed, await credentials.renew() {
          renewed = true
          continue
        }
        guard let wait = Self.postponement(status, of: request.method),
          postponed < Self.mostPostponements
        else {
          throw error
        }
        postponed += 1
        logger.debug(
          "request postponed by the server",
          metadata: ["request": "\(request.summary)", "wait": "\(wait)"])
        try await options.clock.sleep(for: wait)
      }
    }
  }

  /// How long to wait before the same request is sent again; nil for a refusal that is one. Neither 429 nor 503 with a
  /// time means that anything was done. An eviction's 429 names a disruption budget and no time. A 504 may be of a write that
  /// took effect after all, so only a read is sent again for it.
  static func postponement(_ status: APIStatus, of method: HTTPMethod) -> Duration? {
    switch status.code {
    case 429:
      guard status.causes.isEmpty else { return nil }
      return status.retryAfter ?? usualPostponement
    case 503: return status.retryAfter
    case 504 where method == .GET: return status.retryAfter
    default: return nil
    }
  }

  private func takeTurn(
    _ priority: RequestPriority, within limit: Duration, of request: APIRequest
  ) async throws {
    let now = ContinuousClock.now - origin
    let wait = buckets.withLock { $0[priority]?.take(at: now, within: limit) }
    guard let wait else {
      throw KubernetesError(
        .timedOut,
        "\(request.summary) not sent: too many requests of this client wait before it",
        hint: "ask for less at once, or raise the allowance of \(priority) requests")
    }
    guard wait > .zero else { return }
    do {
      try await options.clock.sleep(for: wait)
    } catch {
      buckets.withLock { $0[priority]?.giveBack() }
      throw error
    }
  }

  private func send(
    _ request: APIRequest, over client: HTTPClient, deadline: NIODeadline = .distantFuture
  ) async throws -> HTTPClientResponse {
    guard let target = request.target else {
      throw KubernetesError(
        .input, "\(request.summary) not sent: a name in it is empty or no name")
    }
    let server = access.server
    let host = ServerAddress.bracketed(access.serverName ?? server.host)
    var sent = HTTPClientRequest(
      url: "\(server.isSecure ? "https" : "http")://\(host):\(server.port)\(server.path)\(target)")
    sent.method = request.method
    sent.headers.add(name: "accept", value: request.accept)
    sent.headers.add(name: "user-agent", value: options.fieldManager)
    if let body = request.body {
      sent.headers.add(name: "content-type", value: request.contentType)
      sent.body = .bytes(ByteBuffer(bytes: body))
    }
    let shown = try await credentials.current()
    if let token = shown.token {
      sent.headers.add(name: "authorization", value: "Bearer \(token.text)")
    }
    sent.tlsConfiguration = shown.tls
    let response = try await client.execute(sent, deadline: deadline)
    warnings.report(response.headers, of: request, to: logger)
    return response
  }

  private func collect(
    _ body: HTTPClientResponse.Body, upTo largest: Int, of request: APIRequest
  ) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await piece in body {
      guard bytes.count + piece.readableBytes <= largest else {
        throw KubernetesError(
          .tooLarge, "\(request.summary): the answer is larger than \(largest) bytes")
      }
      bytes.append(contentsOf: piece.readableBytesView)
    }
    return bytes
  }
}
