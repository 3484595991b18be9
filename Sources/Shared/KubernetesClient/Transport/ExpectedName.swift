internal import NIOCore
internal import NIOSSL

/// A server's certificate that was signed by the right authority for somebody else.
struct UnexpectedServerName: Error {}

/// The one name that a server's certificate has to have: `tls-server-name`, or else the host of the address.
///
/// NIOSSL is content with the address that was dialled as well, whatever name was asked for. A cluster's authority
/// signs certificates for many addresses, so one of its nodes could pass for the API server.
struct ExpectedName: Sendable {
  private let name: String
  /// Nil for a name that is no address.
  private let address: SocketAddress?

  init(_ name: String) {
    self.name = name
    address = Self.address(name)
  }

  /// Fails the connection, and closes it, when its certificate has another name.
  func check(_ channel: any Channel) -> EventLoopFuture<Void> {
    channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
      if let certificate, isOne(of: certificate) { return }
      channel.close(promise: nil)
      throw UnexpectedServerName()
    }
  }

  /// Whether it is among the certificate's alternative names; the common name does not count.
  private func isOne(of certificate: NIOSSLCertificate) -> Bool {
    certificate._subjectAlternativeNames().contains { alternative in
      switch alternative.nameType {
      case .dnsName:
        address == nil
          && Self.matches(String(decoding: alternative.contents, as: UTF8.self), name)
      case .ipAddress:
        address != nil && Self.address(packed: Array(alternative.contents)) == address
      default: false
      }
    }
  }

  /// RFC 9525, section 6.3: an asterisk stands for the whole leftmost label and nothing else.
  static func matches(_ pattern: String, _ name: String) -> Bool {
    let (pattern, name) = (labels(pattern), labels(name))
    guard pattern.first == "*", pattern.count > 2 else { return pattern == name }
    return pattern.count == name.count && pattern.dropFirst() == name.dropFirst()
  }

  private static func labels(_ name: String) -> [Substring] {
    var labels = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
    if labels.last == "" { labels.removeLast() }
    return labels
  }

  // What is no address is a name: why does not matter.
  private static func address(_ text: String) -> SocketAddress? {
    try? SocketAddress(ipAddress: text, port: 0)
  }

  private static func address(packed bytes: [UInt8]) -> SocketAddress? {
    try? SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: 0)
  }
}
