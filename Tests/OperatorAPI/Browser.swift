internal import AsyncHTTPClient
internal import Foundation
internal import Identity
internal import Model
internal import NIOCore
internal import NIOFoundationCompat
internal import NIOHTTP1
internal import NIOSSL
internal import OperatorFakes
internal import OperatorWire

/// Plain HTTPS requests to the API, with any credential.
struct Browser: Sendable {
  struct Answer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var text: String

    func body<Body: Decodable>(_ type: Body.Type) throws -> Body {
      try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    /// The error document; fails when the answer is none.
    var error: ErrorBody { get throws { try body(ErrorBody.self) } }
  }

  var http: HTTPClient
  var base: String

  static func with<Result: Sendable>(
    _ coordinator: FakeCoordinator, _ credential: Credential?,
    _ body: (Browser) async throws -> Result
  ) async throws -> Result {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(
      try NIOSSLCertificate.fromPEMBytes(Array(coordinator.authority.trust.pem.utf8)))
    if let credential {
      tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(
        Array(credential.certificatePEM.utf8)
      ).map { .certificate($0) }
      tls.privateKey = .privateKey(
        try NIOSSLPrivateKey(bytes: Array(credential.privateKeyPEM.utf8), format: .pem))
    }
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    let name = Example.fleet.coordinatorName
    configuration.dnsOverride = [name: "127.0.0.1"]
    return try await HTTPClient.withHTTPClient(configuration: configuration) { http in
      try await body(Browser(http: http, base: "https://\(name):\(coordinator.port)"))
    }
  }

  func send(
    _ method: HTTPMethod, _ path: String, body: String? = nil, headers: HTTPHeaders = [:]
  ) async throws -> Answer {
    let response = try await open(method, path, body: body.map { ByteBuffer(string: $0) }, headers)
    let bytes = try await response.body.collect(upTo: 16 << 20)
    return Answer(
      status: Int(response.status.code), headers: response.headers, text: String(buffer: bytes))
  }

  func open(
    _ method: HTTPMethod, _ path: String, body: ByteBuffer? = nil, _ headers: HTTPHeaders = [:]
  ) async throws -> HTTPClientResponse {
    var request = HTTPClientRequest(url: base + path)
    request.method = method
    request.headers = headers
    if let body { request.body = .bytes(body) }
    return try await http.execute(request, timeout: .seconds(60))
  }
}

/// Serves the example shop to the operator alice.
func browsing(
  _ shop: FakeShop = Example.shop(),
  _ body: @escaping @Sendable (Browser, FakeCoordinator) async throws -> Void
) async throws {
  try await FakeCoordinator.serving(shop) { coordinator in
    try await Browser.with(coordinator, coordinator.operatorCredential()) { browser in
      try await body(browser, coordinator)
    }
  }
}
