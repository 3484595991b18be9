internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

extension Response {
  /// Keys sorted, slashes not escaped.
  static func json(
    _ body: some Encodable, status: HTTPResponse.Status = .ok, location: String? = nil
  ) throws -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var headers: HTTPFields = [
      .contentType: "application/json; charset=utf-8", .cacheControl: "no-store",
    ]
    if let location { headers[.location] = location }
    return Response(
      status: status, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(body))))
  }

  static var noContent: Response { Response(status: .noContent) }
}
