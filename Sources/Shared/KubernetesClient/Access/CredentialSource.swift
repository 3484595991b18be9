internal import Model
internal import NIOSSL

/// What is shown to a server with one request.
struct ShownCredentials: Sendable {
  var token: BearerToken?
  /// Nil where the connection is not secured.
  var tls: TLSConfiguration?
}

/// Hands out credentials, and reads them again when they change. New connections use what is new; those that are open
/// stay until they are idle, as the server allows.
actor CredentialSource {
  private let access: ClusterAccess
  private var files: [String: SecretFile] = [:]
  private var plugin: PluginCredentials?
  private var built: (from: Material, tls: TLSConfiguration)?
  private var isAsking = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  private struct Material: Equatable {
    var authority: String?
    var certificate: String?
    var key: String?
  }

  init(_ access: ClusterAccess) { self.access = access }

  func current() async throws(KubernetesError) -> ShownCredentials {
    var material = Material()
    switch access.trust {
    case .system: break
    case .pem(let text): material.authority = text
    case .file(let path): material.authority = try text(path, "the authority")
    }
    var shown = ShownCredentials()
    switch access.identity {
    case .anonymous: break
    case .token(let token): shown.token = token
    case .tokenFile(let path):
      shown.token = BearerToken(try text(path, "the token file").firstLine)
    case .certificate(let certificate, let key):
      material.certificate = try text(certificate, "the client certificate")
      material.key = try text(key, "the client key")
    case .plugin(let wanted):
      let held = try await ask(wanted)
      shown.token = held.token
      (material.certificate, material.key) = (held.certificate, held.key)
    }
    guard access.server.isSecure || access.server.isLoopback || shown.token == nil else {
      throw KubernetesError(
        .configuration, "\(access.server) is not secured: the token is not sent to it",
        hint: "use an address that begins with https")
    }
    if access.server.isSecure { shown.tls = try tls(material) }
    return shown
  }

  /// Forgets what a server refused; false when nothing else can be shown.
  func renew() -> Bool {
    switch access.identity {
    case .anonymous, .token: return false
    case .certificate(.pem, .pem): return false
    case .tokenFile, .certificate: files.removeAll()
    case .plugin: plugin = nil
    }
    return true
  }

  private func text(_ path: String, _ what: String) throws(KubernetesError) -> String {
    var file = files[path] ?? SecretFile(path)
    defer { files[path] = file }
    return try file.text(what)
  }

  private func text(_ source: ClusterAccess.Identity.Trusted, _ what: String)
    throws(KubernetesError) -> String
  {
    switch source {
    case .pem(let secret): return secret.text
    case .file(let path): return try text(path, what)
    }
  }

  private func tls(_ material: Material) throws(KubernetesError) -> TLSConfiguration {
    if let built, built.from == material { return built.tls }
    do {
      let tls = try Self.configuration(material)
      built = (material, tls)
      return tls
    } catch {
      // In the middle of a rotation the certificate and its key do not fit; the next request looks again.
      if let built { return built.tls }
      throw KubernetesError(
        .configuration,
        "the certificates for \(access.server) cannot be used: \(error)",
        hint:
          "certificate-authority, client-certificate and client-key have to be PEM, the last two a pair"
      )
    }
  }

  private static func configuration(_ material: Material) throws -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if let authority = material.authority {
      tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
    }
    if let certificate = material.certificate, let key = material.key {
      tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map {
        .certificate($0)
      }
      tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
    }
    // Finds out whether they are a pair.
    _ = try NIOSSLContext(configuration: tls)
    return tls
  }

  /// What the plugin says, which is asked once at a time and again when that ends.
  private func ask(_ wanted: CredentialPlugin) async throws(KubernetesError) -> PluginCredentials {
    while true {
      if let plugin, !plugin.endsSoon(at: .now()) { return plugin }
      guard isAsking else { break }
      await withCheckedContinuation { waiting.append($0) }
    }
    isAsking = true
    defer {
      isAsking = false
      for waiter in waiting { waiter.resume() }
      waiting.removeAll()
    }
    let fresh = try await wanted.run(for: access)
    plugin = fresh
    return fresh
  }
}
