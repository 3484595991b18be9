/// What an API server says about a request that it refused (`meta/v1.Status`).
package struct APIStatus: Hashable, Sendable {
  /// The API's own word for why.
  package struct Reason: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    package var rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package var description: String { rawValue }

    package static let badRequest = Reason(rawValue: "BadRequest")
    package static let unauthorized = Reason(rawValue: "Unauthorized")
    package static let forbidden = Reason(rawValue: "Forbidden")
    package static let notFound = Reason(rawValue: "NotFound")
    package static let alreadyExists = Reason(rawValue: "AlreadyExists")
    package static let conflict = Reason(rawValue: "Conflict")
    package static let gone = Reason(rawValue: "Gone")
    package static let expired = Reason(rawValue: "Expired")
    package static let invalid = Reason(rawValue: "Invalid")
    package static let timeout = Reason(rawValue: "Timeout")
    package static let serverTimeout = Reason(rawValue: "ServerTimeout")
    package static let tooManyRequests = Reason(rawValue: "TooManyRequests")
    package static let methodNotAllowed = Reason(rawValue: "MethodNotAllowed")
    package static let notAcceptable = Reason(rawValue: "NotAcceptable")
    package static let unsupportedMediaType = Reason(rawValue: "UnsupportedMediaType")
    package static let requestEntityTooLarge = Reason(rawValue: "RequestEntityTooLarge")
    package static let internalError = Reason(rawValue: "InternalError")
    package static let serviceUnavailable = Reason(rawValue: "ServiceUnavailable")
    /// The server gave none.
    package static let unknown = Reason(rawValue: "")
  }

  /// One of several grounds.
  package struct Cause: Hashable, Sendable {
    /// For example `FieldValueInvalid` or `FieldManagerConflict`.
    package var reason: String
    package var message: String
    /// A path such as `spec.containers[0].image`; empty when the cause is no field.
    package var field: String

    package init(reason: String, message: String, field: String = "") {
      self.reason = reason
      self.message = message
      self.field = field
    }
  }

  /// The HTTP status.
  package var code: Int
  package var reason: Reason
  package var message: String
  package var causes: [Cause]
  /// How long the server wants to be left alone.
  package var retryAfter: Duration?
  /// For an expired page: where an inconsistent rest of the list can be read from.
  package var continueToken: String?

  package init(
    code: Int, reason: Reason, message: String, causes: [Cause] = [], retryAfter: Duration? = nil,
    continueToken: String? = nil
  ) {
    self.code = code
    self.reason = reason
    self.message = message
    self.causes = causes
    self.retryAfter = retryAfter
    self.continueToken = continueToken
  }

  /// Nil for what is no `Status`.
  init?(_ value: JSONValue) {
    guard value["kind"]?.string == "Status" else { return nil }
    let details = value["details"]
    let seconds = details?["retryAfterSeconds"]?.int
    self.init(
      code: Int(clamping: value["code"]?.int ?? 0),
      reason: Reason(rawValue: value["reason"]?.string ?? ""),
      message: value["message"]?.string ?? "",
      causes: (details?["causes"]?.array ?? []).map { cause in
        Cause(
          reason: cause["reason"]?.string ?? "", message: cause["message"]?.string ?? "",
          field: cause["field"]?.string ?? "")
      },
      retryAfter: seconds.flatMap { $0 > 0 ? .seconds($0) : nil },
      continueToken: value[path: ["metadata", "continue"]]?.string)
  }
}
