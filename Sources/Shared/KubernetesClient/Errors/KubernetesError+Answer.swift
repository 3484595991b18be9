internal import NIOHTTP1

extension KubernetesError {
  /// An answer outside 2xx.
  init(refusal code: Int, _ headers: HTTPHeaders, _ bytes: [UInt8], of request: APIRequest) {
    let after = headers.first(name: "retry-after").flatMap { Int64($0) }
    // Unknown paths, proxies and overloaded servers answer with plain text.
    var status =
      (try? JSONValue(json: bytes)).flatMap(APIStatus.init)
      ?? APIStatus(
        code: code, reason: Self.reason(of: code),
        message: String(decoding: bytes.prefix(300), as: UTF8.self)
          .split(whereSeparator: \.isNewline).joined(separator: " "))
    status.code = code
    if let after, (1...3600).contains(after) { status.retryAfter = .seconds(after) }
    self.init(status, of: request.summary)
  }

  /// As the API server's own reasons go with statuses.
  private static func reason(of code: Int) -> APIStatus.Reason {
    switch code {
    case 400: .badRequest
    case 401: .unauthorized
    case 403: .forbidden
    case 404: .notFound
    case 405: .methodNotAllowed
    case 406: .notAcceptable
    case 409: .conflict
    case 410: .gone
    case 413: .requestEntityTooLarge
    case 415: .unsupportedMediaType
    case 422: .invalid
    case 429: .tooManyRequests
    case 503: .serviceUnavailable
    case 504: .timeout
    case 500...: .internalError
    default: .unknown
    }
  }
}
