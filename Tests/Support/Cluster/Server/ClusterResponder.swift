internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import KubernetesClient
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// Reads requests, lets faults strike, writes answers.
struct ClusterResponder: HTTPResponder {
  typealias Context = ClusterContext
  static let largestBody = 8 << 20

  let api: APIServer

  func respond(to request: Request, context: ClusterContext) async throws -> Response {
    let call = try await Self.call(request)
    await api.arrived(call)
    let user = try await Self.certificateUser(context)
    var watchFault: Fault.Effect?
    do {
      switch await api.fault(for: call) {
      case nil: break
      case .refuse(let refusal): throw refusal
      case .delay(let time): try await Task.sleep(for: time)
      case .drop: return Self.broken()
      case .dropAfterwards:
        _ = try await api.answer(call, certificateUser: user)
        return Self.broken()
      case .silence:
        try await Task.sleep(for: .seconds(3600))
        return Self.broken()
      case .some(let effect): watchFault = effect
      }
      guard call.verb != "watch" else {
        return try await watch(call, user, watchFault)
      }
      let reply = try await api.answer(call, certificateUser: user)
      var headers = Self.headers(reply.contentType)
      for (name, value) in reply.headers {
        if let name = HTTPField.Name(name) { headers[values: name].append(value) }
      }
      return Response(
        status: .init(code: reply.code), headers: headers,
        body: .init(byteBuffer: ByteBuffer(bytes: reply.body)))
    } catch let refusal as Refusal {
      return Self.response(refusal)
    }
  }

  private static func headers(_ contentType: String) -> HTTPFields {
    var headers = HTTPFields()
    headers[.cacheControl] = "no-cache, private"
    headers[.contentType] = contentType
    if let name = HTTPField.Name("X-Kubernetes-Pf-Flowschema-Uid") {
      headers[name] = "56426bf4-aad2-4313-a63b-e6328f0c8527"
    }
    return headers
  }

  private static func response(_ refusal: Refusal) -> Response {
    var headers = headers(
      refusal.plainText == nil ? "application/json" : "text/plain; charset=utf-8")
    if let seconds = refusal.retryAfter { headers[.retryAfter] = String(seconds) }
    let bytes = refusal.plainText.map { Array($0.utf8) } ?? refusal.status.bytes + [0x0a]
    return Response(
      status: .init(code: refusal.code), headers: headers,
      body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  struct Broken: Error {}

  /// Promises bytes and closes the connection instead, before anything was flushed.
  private static func broken() -> Response {
    Response(status: .ok, body: ResponseBody(contentLength: 1000) { _ in throw Broken() })
  }

  private static func call(_ request: Request) async throws -> APICall {
    var headers: [String: String] = [:]
    for field in request.headers { headers[field.name.canonicalName] = field.value }
    let body = try await request.body.collect(upTo: largestBody)
    var query: [String: String] = [:]
    for (key, value) in request.uri.queryParameters { query[String(key)] = String(value) }
    return APICall(
      method: request.method.rawValue,
      path: request.uri.path.split(separator: "/").map {
        String($0).removingPercentEncoding ?? String($0)
      }, query: query, headers: headers, body: Array(body.readableBytesView))
  }

  private static func certificateUser(_ context: ClusterContext) async throws -> TestUser? {
    guard let handler = try? await context.channel.nioSSL_peerCertificate().get() else {
      return nil
    }
    let certificate = try Certificate(derEncoded: handler.toDERBytes())
    guard let name = certificate.subject.commonName else { return nil }
    return name == "admin" ? .admin : TestUser(name, rules: [])
  }

  // MARK: watches

  private func watch(_ call: APICall, _ user: TestUser?, _ fault: Fault.Effect?) async throws
    -> Response
  {
    let (cursor, first) = try await api.beginWatch(call, certificateUser: user)
    let limit = call.query["timeoutSeconds"].flatMap { Int($0) }.map { Duration.seconds($0) }
    let api = api
    let body = ResponseBody { writer in
      let (beats, entry) = AsyncStream.makeStream(
        of: Beat.self, bufferingPolicy: .bufferingOldest(1024))
      let id = await api.subscribe(entry)
      do {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            try? await Task.sleep(for: limit ?? .seconds(1800))
            entry.yield(.end)
          }
          if call.query["allowWatchBookmarks"] == "true" {
            group.addTask {
              while (try? await Task.sleep(for: api.bookmarkInterval)) != nil {
                entry.yield(.bookmark)
              }
            }
          }
          defer { group.cancelAll() }
          try await Self.write(cursor, first, beats, api, fault, to: &writer)
        }
        await api.unsubscribe(id)
        try await writer.finish(nil)
      } catch {
        await api.unsubscribe(id)
        throw error
      }
    }
    return Response(status: .ok, headers: Self.headers("application/json"), body: body)
  }

  @concurrent private static func write(
    _ start: WatchCursor, _ first: [JSONValue], _ beats: AsyncStream<Beat>, _ api: APIServer,
    _ fault: Fault.Effect?, to writer: inout any ResponseBodyWriter
  ) async throws {
    var cursor = start
    var faultAfter: Int?
    var isMuting = false
    switch fault {
    case .endWatch(let events): faultAfter = events
    case .muteWatch(let events): (faultAfter, isMuting) = (events, true)
    default: break
    }
    var written = 0
    var lines = first
    var isOver = false
    // Headers go out with the first bytes, and a watch without any event has to be seen as begun.
    try await writer.write(ByteBuffer())
    for await beat in beats {
      switch beat {
      case .changed:
        let news = await api.news(&cursor)
        lines += news.lines
        isOver = news.isOver
      case .bookmark: if let line = await api.bookmark(&cursor) { lines.append(line) }
      case .end: return
      }
      for line in lines {
        if let faultAfter, written >= faultAfter {
          guard isMuting else { throw Broken() }
          try await Task.sleep(for: .seconds(3600))
        }
        try await writer.write(ByteBuffer(bytes: line.bytes + [0x0a]))
        written += 1
      }
      lines.removeAll()
      if let faultAfter, written >= faultAfter, !isMuting { throw Broken() }
      if isOver { return }
    }
  }
}

extension DistinguishedName {
  fileprivate var commonName: String? {
    for name in self {
      for attribute in name where attribute.type == .NameAttributes.commonName {
        return attribute.value.description
      }
    }
    return nil
  }
}
