internal import CoordinatorCore
internal import HTTPTypes
internal import OperatorWire

/// An answer outside 2xx.
struct Refused: Error {
  var status: HTTPResponse.Status
  var body: ErrorBody
  /// The methods that the path does know, for 405 (RFC 9110, section 15.5.6).
  var allow: [HTTPRequest.Method] = []

  init(_ status: HTTPResponse.Status, _ code: String, _ message: String, hint: String? = nil) {
    self.status = status
    body = ErrorBody(code: code, message: message, hint: hint)
  }

  init(_ error: OperationError) {
    let status: HTTPResponse.Status =
      switch error.code {
      case .notFound: .notFound
      case .conflict: .conflict
      case .invalid: .badRequest
      case .forbidden: .forbidden
      case .unavailable: .serviceUnavailable
      }
    self.init(status, error.code.rawValue, error.message, hint: error.hint)
  }

  static func invalid(_ message: String, hint: String? = nil) -> Refused {
    Refused(.badRequest, OperationError.Code.invalid.rawValue, message, hint: hint)
  }

  static func notFound(_ message: String, hint: String? = nil) -> Refused {
    Refused(.notFound, OperationError.Code.notFound.rawValue, message, hint: hint)
  }
}
