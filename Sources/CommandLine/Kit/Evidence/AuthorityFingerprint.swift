internal import Crypto
package import Foundation

/// SHA-256 of an authority's certificate (DER), as `openssl x509 -fingerprint -sha256` prints it.
package struct AuthorityFingerprint: Hashable, Sendable, CustomStringConvertible {
  private let bytes: [UInt8]

  package init(certificate: Data) { bytes = Array(SHA256.hash(data: certificate)) }

  /// Reads 64 hexadecimal digits; colons, spaces and case do not matter, nor does openssl's `…Fingerprint=`.
  package init?(_ text: String) {
    let digits = (text.split(separator: "=").last ?? "").filter { $0 != ":" && $0 != " " }
    guard digits.utf8.count == 64 else { return nil }
    var bytes: [UInt8] = []
    var rest = digits[...]
    while !rest.isEmpty {
      guard rest.prefix(2).allSatisfy(\.isHexDigit), let byte = UInt8(rest.prefix(2), radix: 16)
      else { return nil }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    self.bytes = bytes
  }

  package var description: String {
    bytes.map { byte in
      let text = String(byte, radix: 16, uppercase: true)
      return text.count == 1 ? "0" + text : text
    }.joined(separator: ":")
  }
}
