internal import ConfigurationFile
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

/// Answers whoever keeps the process alive and sends it traffic: plain HTTP, without any secret, in every role.
///
/// `/livez`: the process answers. A standby lives as well as the active coordinator, and what does not step down in time ends
/// by itself. `/readyz`: agents and operators are served.
///
/// Bounds: 32 connections, 10 s without a request.
struct HealthServer: Service {
  private static let mostConnections = 32
  private static let idleTimeout = TimeAmount.seconds(10)

  let address: Endpoint
  let status: RoleStatus
  let logger: Logger

  func run() async throws {
    var quiet = logger
    // Each probe would be a line, and the server's own words come from two servers more.
    quiet.logLevel = .warning
    try await Application(
      responder: HealthResponder(status: status),
      server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port),
        availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections)),
      logger: quiet
    ).run()
  }
}

struct HealthResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let status: RoleStatus

  func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
    let role = status.role
    guard request.method == .get || request.method == .head else {
      return Self.answer(.methodNotAllowed, "only GET is answered here")
    }
    switch request.uri.path {
    case "/livez": return Self.answer(.ok, role.rawValue)
    case "/readyz":
      return Self.answer(role == .active ? .ok : .serviceUnavailable, role.rawValue)
    default: return Self.answer(.notFound, "there are /livez and /readyz")
    }
  }

  private static func answer(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
      status: status,
      headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
  }
}
