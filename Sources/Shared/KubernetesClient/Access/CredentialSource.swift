internal import NIOSSL

/// What is shown to a server with one request.
struct ShownCredentials: Sendable {
  var token: BearerToken?
  /// Nil where the connection is not secured.
  var tls: TLSConfiguration?
}

/// Hands out credentials, and reads them again when they change.
actor CredentialSource {
  private let access: ClusterAccess
  private var held: ShownCredentials?

  init(_ access: ClusterAccess) { self.access = access }

  func current() async throws(KubernetesError) -> ShownCredentials {
    if let held { return held }
    var shown = ShownCredentials()
    if case .token(let token) = access.identity { shown.token = token }
    if access.server.isSecure { shown.tls = try tls() }
    held = shown
    return shown
  }

  /// Forgets what a server refused; false when nothing else can be shown.
  func renew() -> Bool { false }

  private func tls() throws(KubernetesError) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    do {
      switch access.trust {
      case .system: break
      case .pem(let text):
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(text.utf8)))
      case .file(let path):
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(path))
      }
    } catch {
      throw KubernetesError(.configuration, "the authority of \(access.server) is no PEM: \(error)")
    }
    return tls
  }
}
