internal import AsyncHTTPClient
internal import Foundation
internal import Model
internal import NIOCore
internal import NIOFoundationCompat
internal import NIOHTTP1
internal import NIOSSL
internal import Identity
internal import OperatorWire

/// Requests to the operator API of one coordinator.
package struct CoordinatorClient: Sendable {
  /// How long a connection may take to come about.
  static let connectTimeout = TimeAmount.seconds(5)
  /// How long an answer may take. A rehearsal asks every node.
  package static let usualTimeout = Duration.seconds(60)
  /// How long nothing at all may arrive; event streams say every 5 s that they are alive.
  static let longestSilence = TimeAmount.seconds(60)
  /// Evidence of very large fleets is below this.
  static let largestAnswer = 64 * 1024 * 1024

  let http: HTTPClient
  let settings: Settings

  /// Runs `body` with a client whose connections are closed afterwards.
  package static func with<Result: Sendable>(
    _ settings: Settings, longestSilence: Duration? = nil,
    _ body: (CoordinatorClient) async throws -> Result
  ) async throws -> Result {
    var configuration = try configuration(settings)
    if let longestSilence { configuration.timeout.read = TimeAmount(longestSilence) }
    return try await HTTPClient.withHTTPClient(configuration: configuration) { http in
      try await body(CoordinatorClient(http: http, settings: settings))
    }
  }

  private static func configuration(_ settings: Settings) throws -> HTTPClient.Configuration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv13
    tls.trustRoots = .certificates(
      try NIOSSLCertificate.fromPEMBytes(Array(settings.credential.authorityPEM.utf8)))
    tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(
      Array(settings.credential.certificatePEM.utf8)
    ).map { .certificate($0) }
    tls.privateKey = .privateKey(
      try NIOSSLPrivateKey(
        bytes: Array(settings.credential.privateKeyPEM.utf8), format: .pem))
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(connect: connectTimeout, read: longestSilence), decompression: .disabled)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    // The name that is verified belongs to the fleet; the address that is dialled is only where it happens to be.
    configuration.dnsOverride = [settings.fleet.coordinatorName: settings.host]
    return configuration
  }

  package func get<Body: Decodable>(
    _ path: String, query: [(String, String)] = [], timeout: Duration = usualTimeout
  ) async throws -> Body {
    try await decode(answer(.GET, path, query: query, timeout: timeout), of: path)
  }

  /// A request without a body whose answer may take as long as `timeout`.
  package func post<Body: Decodable>(_ path: String, timeout: Duration) async throws -> Body {
    try await decode(answer(.POST, path, timeout: timeout), of: path)
  }

  package func post<Sent: Encodable, Body: Decodable>(_ path: String, _ sent: Sent) async throws
    -> Body
  {
    try await decode(answer(.POST, path, body: .json(sent)), of: path)
  }

  /// A request whose answer has no body.
  package func post(_ path: String) async throws { _ = try await answer(.POST, path) }

  package func delete(_ path: String) async throws { _ = try await answer(.DELETE, path) }

  package func put<Body: Decodable>(_ path: String, yaml: String) async throws -> Body {
    try await decode(answer(.PUT, path, body: .yaml(yaml)), of: path)
  }

  enum Sent {
    case nothing
    case json(any Encodable)
    case yaml(String)
  }

  /// The answer's body. Throws a `CommandFailure` for everything outside 2xx and for every broken connection.
  private func answer(
    _ method: HTTPMethod, _ path: String, query: [(String, String)] = [], body: Sent = .nothing,
    timeout: Duration = usualTimeout
  ) async throws -> ByteBuffer {
    do {
      let response = try await execute(
        method, path, query: query, body: body, deadline: .now() + TimeAmount(timeout))
      let bytes = try await response.body.collect(upTo: Self.largestAnswer)
      guard (200..<300).contains(response.status.code) else {
        throw Self.refusal(response.status, bytes)
      }
      return bytes
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(connecting: error, settings)
    }
  }

  func execute(
    _ method: HTTPMethod, _ path: String, query: [(String, String)] = [], body: Sent = .nothing,
    deadline: NIODeadline
  ) async throws -> HTTPClientResponse {
    var address = URLComponents()
    address.scheme = "https"
    address.host = settings.fleet.coordinatorName
    address.port = settings.port
    address.path = path
    if !query.isEmpty {
      // URLComponents leaves "+" alone, which servers read as a space.
      let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~:"))
      address.percentEncodedQuery = query.map { name, value in
        "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
      }.joined(separator: "&")
    }
    guard let url = address.string else {
      throw CommandFailure(.input, "the path \(path) makes no address")
    }
    var request = HTTPClientRequest(url: url)
    request.method = method
    request.headers.add(name: "accept", value: "application/json, text/event-stream")
    switch body {
    case .nothing: break
    case .json(let value):
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(value)))
    case .yaml(let text):
      request.headers.add(name: "content-type", value: "application/yaml")
      request.body = .bytes(ByteBuffer(string: text))
    }
    return try await http.execute(request, deadline: deadline)
  }

  static func refusal(_ status: HTTPResponseStatus, _ bytes: ByteBuffer) -> CommandFailure {
    if let body = try? JSONDecoder().decode(ErrorBody.self, from: bytes) {
      return CommandFailure(body)
    }
    // Not one of ours: something else answers at this address, or a proxy in between.
    return CommandFailure(
      .protocolMismatch,
      "the server answered \(status.code) \(status.reasonPhrase) "
        + "without an explanation", hint: "check that server: in config.yaml is a coordinator")
  }

  private func decode<Body: Decodable>(_ bytes: ByteBuffer, of path: String) throws -> Body {
    do {
      return try JSONDecoder().decode(Body.self, from: bytes)
    } catch {
      throw CommandFailure(
        .protocolMismatch, "the coordinator's answer to \(path) was not understood: \(error)",
        hint: "use the stillpoint program of the coordinator's version; status shows it")
    }
  }
}
