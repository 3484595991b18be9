/// Why a request to an API server came to nothing.
package struct KubernetesError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the caller can do about it.
  package enum Code: Hashable, Sendable {
    /// The server answered no; `status` says why in its own words.
    case refused
    /// No answer came: whether the request took effect is not known. Ask again, or look.
    case unreachable
    /// No answer came in time: whether the request took effect is not known.
    case timedOut
    /// One side does not trust the other: the certificates or the credentials have to be put right.
    case identity
    /// A file, a variable or a plugin that says where the server is and who we are cannot be used.
    case configuration
    /// The answer is none of an API server's.
    case protocolMismatch
    /// The answer is larger than its bound: ask for less.
    case tooLarge
    /// What was asked for can be no request: put it right and ask again.
    case input
    /// The caller was cancelled.
    case cancelled
  }

  package var code: Code
  package var message: String
  package var hint: String?
  /// Set for `refused` alone.
  package var status: APIStatus?

  package init(_ code: Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  /// A refusal; `request` says what was asked.
  package init(_ status: APIStatus, of request: String) {
    code = .refused
    let said = status.message.isEmpty ? "HTTP \(status.code)" : status.message
    message = "\(request) refused: \(said)"
    self.status = status
    hint = Self.hint(for: status)
  }

  package var description: String { hint.map { "\(message) (\($0))" } ?? message }

  package var reason: APIStatus.Reason? { status?.reason }
  package var causes: [APIStatus.Cause] { status?.causes ?? [] }
  package var retryAfter: Duration? { status?.retryAfter }

  package var isNotFound: Bool { reason == .notFound || status?.code == 404 }
  package var isAlreadyExists: Bool { reason == .alreadyExists }
  /// The object changed, a precondition failed, or another manager owns a field.
  package var isConflict: Bool { reason == .conflict }
  package var isForbidden: Bool { status?.code == 403 }
  /// The resource version or page is older than what the server keeps.
  package var isExpired: Bool { status?.code == 410 }
  package var isInvalid: Bool { reason == .invalid }

  /// True when the same request may succeed later without anybody doing something about it.
  package var isTransient: Bool {
    switch code {
    case .unreachable, .timedOut: true
    case .refused: status.map { $0.code == 429 || $0.code >= 500 } ?? false
    case .identity, .configuration, .protocolMismatch, .tooLarge, .input, .cancelled: false
    }
  }

  private static func hint(for status: APIStatus) -> String? {
    switch status.code {
    case 401: "the API server does not accept these credentials: check the token or certificate"
    case 403 where status.causes.isEmpty && status.message.contains(" cannot "):
      "grant this right with a Role or ClusterRole and a binding"
    default: nil
    }
  }
}
