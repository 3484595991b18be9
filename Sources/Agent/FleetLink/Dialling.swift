internal import Foundation
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Glibc
internal import Identity

/// Makes the connections' transports.
enum Dialling {
  /// For an agent with a certificate: mutual TLS, the server must be the coordinator of the agent's own fleet.
  static func fleet(_ host: String, _ port: Int, _ credential: Credential) throws
    -> HTTP2ClientTransport.Posix
  {
    let chain = [
      TLSConfig.CertificateSource.bytes(Array(try credential.certificate.der), format: .der)
    ]
    let key = TLSConfig.PrivateKeySource.bytes(Array(credential.privateKeyPEM.utf8), format: .pem)
    let roots = try roots(credential.trust)
    return try HTTP2ClientTransport.Posix(
      target: target(host, port),
      transportSecurity: .mTLS(certificateChain: chain, privateKey: key) {
        $0.trustRoots = .certificates(roots)
      }, config: configuration(authority: credential.trust.fleet.coordinatorName))
  }

  /// For a node that has pinned its authority, but has no valid certificate.
  static func rejoining(_ host: String, _ port: Int, _ trust: FleetTrust) throws
    -> HTTP2ClientTransport.Posix
  {
    let roots = try roots(trust)
    return try HTTP2ClientTransport.Posix(
      target: target(host, port), transportSecurity: .tls { $0.trustRoots = .certificates(roots) },
      config: configuration(authority: trust.fleet.coordinatorName))
  }

  /// For a node that knows nothing but the pin of its token.
  static func enrolling(_ host: String, _ port: Int, _ verification: PinnedVerification) throws
    -> HTTP2ClientTransport.Posix
  {
    try HTTP2ClientTransport.Posix(
      target: target(host, port),
      transportSecurity: .tls {
        $0.serverCertificateVerification = .noHostnameVerification
        $0.trustRoots = .certificates([])
        $0.customVerificationCallback = verification.callback
      }, config: configuration(authority: "coordinator"))
  }

  private static func roots(_ trust: FleetTrust) throws -> [TLSConfig.CertificateSource] {
    try trust.authorities.map { .bytes(Array(try $0.der), format: .der) }
  }

  private static func configuration(authority: String) -> HTTP2ClientTransport.Posix.Config {
    .defaults {
      $0.http2.authority = authority
      // An order must not wait for others to be sent with it.
      $0.connection.flushCoalescing = nil
      $0.connection.keepalive = .init(
        time: .seconds(20), timeout: .seconds(10), allowWithoutCalls: false)
    }
  }

  private static func target(_ host: String, _ port: Int) -> any ResolvableTarget {
    var address = in_addr()
    if host.contains(":") { return .ipv6(address: host, port: port) }
    if inet_pton(AF_INET, host, &address) == 1 { return .ipv4(address: host, port: port) }
    return .dns(host: host, port: port)
  }

  static var options: CallOptions {
    var options = CallOptions.defaults
    options.waitForReady = false
    return options
  }

  /// An error with what caused it: the transport keeps the telling part, such as a failed handshake, nested.
  static func words(_ error: any Error) -> String {
    let words = nested(error)
    // BoringSSL's own names for how a handshake ends; whoever reads the log knows of fleets, not of those.
    if words.contains("CERTIFICATE_VERIFY_FAILED") {
      return "who answers there is not this fleet's coordinator: its certificate is not valid now,"
        + " or of another authority or name (\(words))"
    }
    if words.contains("ALERT_") {
      return "the coordinator refuses this node's certificate, which is of another fleet or not"
        + " valid by its clock (\(words))"
    }
    return words
  }

  private static func nested(_ error: any Error) -> String {
    guard let error = error as? RPCError else { return "\(error)" }
    guard let cause = error.cause else { return error.message }
    return "\(error.message.prefix(200)): \(String(nested(cause).prefix(300)))"
  }
}
