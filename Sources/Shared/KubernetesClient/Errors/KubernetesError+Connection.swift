internal import AsyncHTTPClient
internal import NIOPosix

extension KubernetesError {
  /// Whatever went wrong with a request, in words.
  init(any error: any Error, of request: APIRequest, at server: ServerAddress, timeout: Duration) {
    let what = "\(request.summary) at \(server)"
    switch error {
    case let error as KubernetesError: self = error
    case is CancellationError: self.init(.cancelled, "\(what) was given up")
    case is TimeoutExceeded:
      self.init(
        .timedOut, "\(what) was not answered within \(timeout)",
        hint: "what was asked may still happen: look before it is repeated")
    case is UnexpectedServerName: self = Self.otherName(what)
    case let error as HTTPClientError: self = Self.http(error, what, timeout)
    case let error as NIOConnectionError where error.connectionErrors.isEmpty:
      self.init(
        .unreachable, "\(what) failed: the name \(error.host) is not known",
        hint: "check the server's address and this machine's name servers")
    default: self = Self.connection(String(describing: error), what)
    }
  }

  private static func http(_ error: HTTPClientError, _ what: String, _ timeout: Duration)
    -> KubernetesError
  {
    switch error {
    case .cancelled: KubernetesError(.cancelled, "\(what) was given up")
    case .connectTimeout:
      KubernetesError(
        .unreachable, "\(what) failed: connecting took too long",
        hint: "check the address, the network and firewalls in between")
    case .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout:
      KubernetesError(
        .timedOut, "\(what) was not answered within \(timeout)",
        hint: "what was asked may still happen: look before it is repeated")
    case .remoteConnectionClosed:
      KubernetesError(.unreachable, "\(what) failed: the server closed the connection")
    case .invalidURL, .emptyHost, .emptyScheme:
      KubernetesError(.input, "\(what) failed: the address cannot be used")
    default: connection(String(describing: error), what)
    }
  }

  private static func otherName(_ what: String) -> KubernetesError {
    KubernetesError(
      .identity, "\(what) failed: the server's certificate has another name",
      hint: "check the server's address, or set tls-server-name")
  }

  /// BoringSSL's reasons and alerts (RFC 8446, section 6.2), as they appear in the errors' texts.
  private static func connection(_ text: String, _ what: String) -> KubernetesError {
    func has(_ parts: String...) -> Bool { parts.contains { text.contains($0) } }
    if has("CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED") {
      return KubernetesError(
        .identity, "\(what) failed: the server refused our certificate, which expired or is revoked"
      )
    }
    if has(
      "ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE_UNKNOWN",
      "CERTIFICATE_REQUIRED", "ALERT_ACCESS_DENIED", "UNSUPPORTED_CERTIFICATE", "DECRYPT_ERROR")
    {
      return KubernetesError(.identity, "\(what) failed: the server refused our certificate")
    }
    if has("CERTIFICATE_VERIFY_FAILED", "unableToValidateCertificate", "noCertificateToValidate") {
      return KubernetesError(
        .identity,
        "\(what) failed: the server's certificate is not signed by the authority that is expected, "
          + "or it expired", hint: "check certificate-authority and both machines' clocks")
    }
    if has("ailedToValidateHostname", "serverHostnameImpossibleToMatch") {
      return otherName(what)
    }
    if has("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_RECORD", "UNKNOWN_PROTOCOL") {
      return KubernetesError(
        .unreachable, "\(what) failed: the server does not speak TLS", hint: "check the port")
    }
    if has("refused", "errno: 111") {
      return KubernetesError(
        .unreachable, "\(what) failed: the connection was refused: nothing listens there")
    }
    return KubernetesError(.unreachable, "\(what) failed: \(text.prefix(300))")
  }
}
