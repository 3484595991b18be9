package import KubernetesClient

/// An answer outside 2xx, in the form of an API server.
package struct Refusal: Error, Hashable, Sendable {
  package var code: Int
  package var reason: APIStatus.Reason
  package var message: String
  package var details: JSONValue?
  package var metadata: JSONValue = [:]
  /// Seconds, as header and in the details.
  package var retryAfter: Int?
  /// Some answers are no `Status`.
  package var plainText: String?

  package init(
    _ code: Int, _ reason: APIStatus.Reason, _ message: String, details: JSONValue? = nil,
    retryAfter: Int? = nil
  ) {
    self.code = code
    self.reason = reason
    self.message = message
    self.details = details
    self.retryAfter = retryAfter
  }

  package var status: JSONValue {
    var status: JSONValue = [
      "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
      "message": .string(message),
    ]
    if reason != .unknown { status["reason"] = .string(reason.rawValue) }
    if let details { status["details"] = details }
    status["code"] = JSONValue(Int64(code))
    return status
  }

  static var noSuchPath: Refusal {
    var refusal = Refusal(404, .notFound, "")
    refusal.plainText = "404 page not found\n"
    return refusal
  }

  private static func details(_ type: ServedType, _ name: String?, kind: String) -> JSONValue {
    var details: JSONValue = [:]
    if let name { details["name"] = .string(name) }
    if !type.group.isEmpty { details["group"] = .string(type.group) }
    details["kind"] = .string(kind)
    return details
  }

  static func notFound(_ type: ServedType, _ name: String) -> Refusal {
    Refusal(
      404, .notFound, "\(type.qualifiedPlural) \"\(name)\" not found",
      details: details(type, name, kind: type.plural))
  }

  static func alreadyExists(_ type: ServedType, _ name: String) -> Refusal {
    Refusal(
      409, .alreadyExists, "\(type.qualifiedPlural) \"\(name)\" already exists",
      details: details(type, name, kind: type.plural))
  }

  static func stale(_ type: ServedType, _ name: String) -> Refusal {
    Refusal(
      409, .conflict,
      "Operation cannot be fulfilled on \(type.qualifiedPlural) \"\(name)\": the object has been "
        + "modified; please apply your changes to the latest version and try again",
      details: details(type, name, kind: type.plural))
  }

  static func precondition(_ type: ServedType, _ name: String, _ text: String) -> Refusal {
    Refusal(
      409, .conflict,
      "Operation cannot be fulfilled on \(type.kind)\(type.group.isEmpty ? "" : ".\(type.group)") "
        + "\"\(name)\": \(text). The object might have been deleted and then recreated",
      details: details(type, name, kind: type.kind))
  }

  /// A refusal by an admission plugin or a quota.
  package static func forbidden(
    _ type: ServedType, _ name: String, _ why: String, causes: [APIStatus.Cause] = []
  ) -> Refusal {
    var details = details(type, name, kind: type.plural)
    if !causes.isEmpty { details["causes"] = json(causes) }
    return Refusal(
      403, .forbidden, "\(type.qualifiedPlural) \"\(name)\" is forbidden: \(why)", details: details)
  }

  package static func invalid(
    _ type: ServedType, _ name: String, _ causes: [APIStatus.Cause]
  ) -> Refusal {
    var details = details(type, name, kind: type.kind)
    details["causes"] = json(causes)
    let texts = causes.map { "\($0.field): \($0.message)" }
    let text = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    return Refusal(
      422, .invalid, "\(type.qualifiedKind) \"\(name)\" is invalid: \(text)", details: details)
  }

  /// As a server that is asked too much answers.
  package static func tooManyRequests(retryAfter seconds: Int) -> Refusal {
    Refusal(
      429, .tooManyRequests, "too many requests, please try again later",
      details: ["retryAfterSeconds": JSONValue(Int64(seconds))], retryAfter: seconds)
  }

  static func json(_ causes: [APIStatus.Cause]) -> JSONValue {
    .array(
      causes.map { cause in
        var value: JSONValue = ["reason": .string(cause.reason), "message": .string(cause.message)]
        if !cause.field.isEmpty { value["field"] = .string(cause.field) }
        return value
      })
  }
}
