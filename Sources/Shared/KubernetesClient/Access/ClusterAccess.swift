/// Where an API server is, how it proves itself, and who we are to it.
package struct ClusterAccess: Sendable {
  /// What the server's certificate has to be signed by.
  package enum Trust: Hashable, Sendable {
    /// The authorities that this machine trusts.
    case system
    case pem(String)
    /// Read again whenever the file changes.
    case file(String)
  }

  /// What the client shows.
  package enum Identity: Hashable, Sendable {
    case anonymous
    case token(BearerToken)
    /// Read again whenever the file changes and once a minute, and when the server refuses what was read before.
    case tokenFile(String)
    case certificate(certificate: Trusted, key: Trusted)
    case plugin(CredentialPlugin)

    /// PEM, as text or in a file that is read again whenever it changes.
    package enum Trusted: Hashable, Sendable {
      case pem(BearerToken)
      case file(String)
    }
  }

  package var server: ServerAddress
  package var trust: Trust
  /// The name that the server's certificate must have, where it is not the host's.
  package var serverName: String?
  package var identity: Identity
  /// Where objects belong that name no namespace.
  package var namespace: String
  package var proxy: ProxyAddress?

  package init(
    server: ServerAddress, trust: Trust = .system, serverName: String? = nil,
    identity: Identity = .anonymous, namespace: String = "default", proxy: ProxyAddress? = nil
  ) {
    self.server = server
    self.trust = trust
    self.serverName = serverName
    self.identity = identity
    self.namespace = namespace
    self.proxy = proxy
  }
}

/// A text that nobody may read in a log.
package struct BearerToken: Hashable, Sendable, CustomStringConvertible,
  CustomDebugStringConvertible
{
  package var text: String
  package init(_ text: String) { self.text = text }
  package var description: String { "<redacted>" }
  package var debugDescription: String { "<redacted>" }
}

/// An HTTP proxy on the way to the server.
package struct ProxyAddress: Hashable, Sendable {
  package var host: String
  package var port: Int
}
