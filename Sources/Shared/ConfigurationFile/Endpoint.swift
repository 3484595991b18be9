/// `host:port`; IPv6 addresses in brackets.
package struct Endpoint: Hashable, Decodable, Sendable, CustomStringConvertible {
  package var host: String
  package var port: Int

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let colon = text.lastIndex(of: ":"),
      let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port)
    else { throw ConfigurationError("'\(text)' is no host:port") }
    var host = text[..<colon]
    if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { throw ConfigurationError("'\(text)' names no host") }
    self.host = String(host)
    self.port = port
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
