internal import AsyncHTTPClient
internal import Identity
internal import Model
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

extension CommandFailure {
  /// Says in words why a connection did not come about or broke.
  init(connecting error: any Error, _ settings: Settings) {
    let server = "the coordinator at \(settings.host):\(settings.port)"
    let text = String(describing: error)
    if let failure = Self.tls(text, server, settings) {
      self = failure
    } else if error is CancellationError {
      self.init(.unreachable, "the request to \(server) was given up")
    } else if let error = error as? HTTPClientError {
      self = Self.http(error, server)
    } else if let error = error as? NIOConnectionError, error.connectionErrors.isEmpty {
      self.init(
        .unreachable, "the name \(error.host) of \(server) is not known",
        hint: "check server: in \(settings.directory)/config.yaml")
    } else {
      self = Self.refused(text, server, settings)
    }
  }

  private static func http(_ error: HTTPClientError, _ server: String) -> CommandFailure {
    switch error {
    case .connectTimeout:
      CommandFailure(
        .unreachable, "connecting to \(server) took too long",
        hint: "check the address, the network and firewalls in between")
    case .deadlineExceeded, .readTimeout:
      CommandFailure(
        .unreachable, "\(server) did not answer in time",
        hint: "what was asked may still happen: look at it before you repeat it")
    case .remoteConnectionClosed:
      CommandFailure(
        .unreachable, "\(server) closed the connection before it answered",
        hint: "what was asked may still happen: look at it before you repeat it")
    default: CommandFailure(.unreachable, "the request to \(server) failed: \(error)")
    }
  }

  private static func refused(_ text: String, _ server: String, _ settings: Settings)
    -> CommandFailure
  {
    if text.contains("refused") || text.contains("errno: \(111)") {
      return CommandFailure(
        .unreachable, "\(server) refused the connection: nothing listens there",
        hint: "check that stillpoint-coordinator runs, and server: in "
          + "\(settings.directory)/config.yaml")
    }
    return CommandFailure(
      .unreachable, "the connection to \(server) failed: \(text.prefix(300))",
      hint: "check the address, the network and firewalls in between")
  }

  /// BoringSSL's reasons and alerts (RFC 8446, section 6.2), as they appear in the errors' texts.
  private static func tls(_ text: String, _ server: String, _ settings: Settings)
    -> CommandFailure?
  {
    let mine = "\(settings.directory)/operator.pem"
    let name = settings.fleet.coordinatorName
    func has(_ parts: String...) -> Bool { parts.contains { text.contains($0) } }
    if has("CERTIFICATE_EXPIRED") {
      return CommandFailure(
        .identity, "\(server) refused this operator: the certificate \(mine) expired",
        hint: ConfigurationFiles.renewHint)
    }
    if has("CERTIFICATE_REVOKED") {
      return CommandFailure(.identity, "\(server) refused this operator: it was revoked")
    }
    if has(
      "ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE_UNKNOWN",
      "CERTIFICATE_REQUIRED", "ALERT_ACCESS_DENIED", "UNSUPPORTED_CERTIFICATE", "DECRYPT_ERROR")
    {
      return CommandFailure(
        .identity, "\(server) refused this operator: \(mine) is no certificate of its fleet",
        hint: ConfigurationFiles.renewHint)
    }
    if has("CERTIFICATE_VERIFY_FAILED", "unableToValidateCertificate", "noCertificateToValidate") {
      return CommandFailure(
        .identity,
        "\(server) is not that of fleet \(settings.fleet): "
          + "its certificate is not signed by \(settings.directory)/ca.pem, or it expired",
        hint: "check server: in config.yaml, and both machines' clocks; "
          + "do not go on if this is unexpected")
    }
    if has("ailedToValidateHostname", "serverHostnameImpossibleToMatch") {
      return CommandFailure(
        .identity, "\(server) is not \(name): its certificate has another name",
        hint: "check server: in config.yaml; an agent or another program may listen there")
    }
    if has("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_RECORD", "UNKNOWN_PROTOCOL") {
      return CommandFailure(
        .unreachable, "\(server) does not speak TLS: it is no operator API",
        hint: "check the port in config.yaml")
    }
    guard has("handshakeFailed", "uncleanShutdown", "NIOSSLError", "BoringSSL") else { return nil }
    return CommandFailure(
      .unreachable, "the secured connection to \(server) failed: \(text.prefix(300))",
      hint: "check server: in config.yaml; agents connect to another port than operators")
  }
}
