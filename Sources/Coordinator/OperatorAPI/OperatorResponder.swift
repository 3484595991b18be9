internal import CoordinatorCore
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Identity
internal import Logging
internal import Model
internal import NIOCore
internal import NIOSSL
internal import OperatorWire
internal import SwiftASN1
internal import X509

/// Answers every request: who calls, which route, what went wrong.
struct OperatorResponder: HTTPResponder {
  typealias Context = OperatorContext

  let trust: FleetTrust
  let operators: any OperatorOperations
  let table: RouteTable

  func respond(to request: Request, context: OperatorContext) async throws -> Response {
    var response: Response
    do {
      response = try await answer(request, context)
    } catch let error {
      let refused = Self.refused(error, context.logger)
      log(refused, request, context)
      response = try .json(refused.body, status: refused.status)
      if !refused.allow.isEmpty {
        response.headers[.allow] = Set(refused.allow.map(\.rawValue)).sorted()
          .joined(separator: ", ")
      }
    }
    if let name = HTTPField.Name("x-request-id") { response.headers[name] = context.requestID }
    return response
  }

  private func answer(_ request: Request, _ context: OperatorContext) async throws -> Response {
    let caller = try await caller(context)
    let route: Route
    let parameters: [String: String]
    switch table.match(request.method, path: request.uri.path) {
    case .found(let found, let values): (route, parameters) = (found, values)
    case .otherMethods(let methods):
      var refused = Refused(
        .methodNotAllowed, "method-not-allowed",
        "\(request.method) is not possible on \(request.uri.path.prefix(200))")
      refused.allow = methods
      throw refused
    case .none:
      throw Refused.notFound("there is no \(request.uri.path.prefix(200)) in this API")
    }
    let call = Call(
      request: request, caller: caller, parameters: parameters,
      query: try Self.query(of: request.uri, knows: route.query))
    let response = try await route.handle(call)
    let level: Logger.Level = request.method == .get ? .debug : .info
    context.logger.log(
      level: level, "request answered",
      metadata: [
        "method": "\(request.method)", "path": "\(request.uri.path)", "operator": "\(caller.name)",
        "status": "\(response.status.code)",
      ])
    return response
  }

  /// Judged anew on every request, so that a certificate that ran out or was revoked ends with its connection still
  /// open.
  private func caller(_ context: OperatorContext) async throws -> OperatorCertificate {
    let certificate = try await context.channel.nioSSL_peerCertificate().get()
    guard let certificate else {
      throw Refused(.forbidden, "forbidden", "no client certificate was presented")
    }
    let leaf = try Certificate(derEncoded: certificate.toDERBytes())
    let identity: PeerIdentity
    do {
      identity = try await trust.identity(of: [leaf], at: .now(), roles: [.operator])
    } catch {
      throw Refused(
        .forbidden, "forbidden", error.message,
        hint: error.hint ?? "this API is for operators: use an operator's certificate")
    }
    guard case .operatorNamed(_, let name) = identity else {
      throw Refused(.forbidden, "forbidden", "\(identity.uri) is no operator")
    }
    let presented = OperatorCertificate(
      name: name, issued: leaf.issuedAt, expires: leaf.expiresAt)
    try await operators.admit(presented)
    return presented
  }

  static func query(of uri: URI, knows: Set<String>) throws -> [String: String] {
    var query: [String: String] = [:]
    for (key, value) in uri.queryParameters {
      guard knows.contains(String(key)) else {
        throw Refused.invalid(
          "unknown query parameter '\(key.prefix(40))'",
          hint: knows.isEmpty
            ? "this request has none" : "known: \(knows.sorted().joined(separator: ", "))")
      }
      guard query.updateValue(String(value), forKey: String(key)) == nil else {
        throw Refused.invalid("query parameter \(key) is given twice")
      }
    }
    return query
  }

  private static func refused(_ error: any Error, _ logger: Logger) -> Refused {
    switch error {
    case let refused as Refused: return refused
    case let error as OperationError: return Refused(error)
    default:
      logger.error("request failed", metadata: ["error": "\(error)"])
      return Refused(
        .internalServerError, "internal", "the coordinator could not answer",
        hint: "its log has the reason under this answer's x-request-id")
    }
  }

  private func log(_ refused: Refused, _ request: Request, _ context: OperatorContext) {
    let level: Logger.Level = refused.status == .forbidden ? .notice : .info
    context.logger.log(
      level: level, "request refused",
      metadata: [
        "method": "\(request.method)", "path": "\(request.uri.path)",
        "status": "\(refused.status.code)", "reason": "\(refused.body.message)",
      ])
  }
}
