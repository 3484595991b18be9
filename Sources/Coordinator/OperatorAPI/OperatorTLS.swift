package import Identity
internal import NIOCore
internal import NIOSSL

/// What the API's end of a connection shows, and whom it believes.
package struct OperatorTLS: Sendable {
  /// The coordinator's; read at every handshake, so that a renewed one is shown from the next connection on.
  package var credential: HeldCredential

  package init(credential: HeldCredential) { self.credential = credential }

  /// Who may connect at all; the role is checked on every request.
  var trust: FleetTrust { credential.current.trust }

  /// TLS 1.3 with a client certificate that the fleet's authority signed. Throws what the TLS library says of
  /// malformed material.
  func configuration() throws -> TLSConfiguration {
    let (chain, key) = try Self.material(of: credential.current)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain, privateKey: key)
    configuration.minimumTLSVersion = .tlsv13
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates(
      try NIOSSLCertificate.fromPEMBytes(Array(trust.pem.utf8)))
    configuration.applicationProtocols = ["http/1.1"]
    let credential = credential
    configuration.sslContextCallback = { _, promise in
      promise.completeWith(
        Result {
          var current = NIOSSLContextConfigurationOverride()
          let (chain, key) = try Self.material(of: credential.current)
          current.certificateChain = chain
          current.privateKey = key
          return current
        })
    }
    return configuration
  }

  private static func material(of credential: Credential) throws -> (
    [NIOSSLCertificateSource], NIOSSLPrivateKeySource
  ) {
    let chain = try NIOSSLCertificate.fromPEMBytes(Array(credential.certificatePEM.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(credential.privateKeyPEM.utf8), format: .pem)
    return (chain.map { .certificate($0) }, .privateKey(key))
  }
}
