internal import FoundationEssentials

/// The address of an API server: scheme, host, port and perhaps a path before every other.
package struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
  package var isSecure: Bool
  /// Without brackets around an IPv6 address.
  package var host: String
  package var port: Int
  /// Empty, or segments behind slashes.
  package var path: String

  package init(isSecure: Bool = true, host: String, port: Int, path: String = "") {
    self.isSecure = isSecure
    self.host = host
    self.port = port
    self.path = path
  }

  /// Reads `https://HOST[:PORT][/PATH]`; nil for anything else, among it an address with a user, a query or a fragment.
  package init?(_ text: String) {
    guard let url = URL(string: text), let scheme = url.scheme?.lowercased(),
      scheme == "https" || scheme == "http", var host = url.host(percentEncoded: false),
      !host.isEmpty, url.user() == nil, url.query() == nil, url.fragment() == nil
    else { return nil }
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    let port = url.port ?? (scheme == "https" ? 443 : 80)
    guard (1...65535).contains(port) else { return nil }
    var path = url.path(percentEncoded: true)
    while path.hasSuffix("/") { path.removeLast() }
    self.init(isSecure: scheme == "https", host: host, port: port, path: path)
  }

  /// `HOST:PORT`, IPv6 addresses in brackets.
  package var authority: String { "\(Self.bracketed(host)):\(port)" }

  package var description: String { "\(isSecure ? "https" : "http")://\(authority)\(path)" }

  /// Loopback never leaves the machine.
  var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

  static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}
