internal import Crypto
package import Foundation
package import Model

/// Lets one node enrol once: its name, a random secret, and the pin of the authority that it is to trust.
///
/// Text form `spt1:<node>:<secret>:<pin>`, both as base64url without padding. Describes itself without the secret.
package struct EnrolmentToken: Hashable, Sendable, CustomStringConvertible {
  /// How long a token can be used.
  package static let lifetime = Duration.seconds(15 * 60)
  private static let prefix = "spt1"
  private static let secretLength = 32
  private static let pinLength = 32

  package let node: NodeID
  package let secret: Data
  /// SHA-256 of the authority's subject public key info.
  package let pin: Data

  /// A new token with 256 random bits.
  package init(node: NodeID, authority: CertificateAuthority) {
    self.node = node
    self.secret = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
    self.pin = authority.pin
  }

  /// Reads the text form; the error says which part is wrong and never quotes the secret.
  package init(text: String) throws(IdentityError) {
    func malformed(_ why: String) -> IdentityError {
      IdentityError(
        .malformed, "the enrolment token is malformed: \(why)",
        hint: "copy the whole token that 'stillpoint agent token create' printed")
    }
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard trimmed.utf8.count <= 256 else { throw malformed("it is too long") }
    let parts = trimmed.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts[0] == Self.prefix else { throw malformed("it does not begin with \(Self.prefix):") }
    guard parts.count == 4 else { throw malformed("it has \(parts.count) parts, not 4") }
    do throws(InvalidIdentifier) {
      self.node = try NodeID(parts[1])
    } catch {
      throw malformed(error.description)
    }
    guard let secret = Data(base64URL: parts[2]), secret.count == Self.secretLength else {
      throw malformed("its secret is cut or changed")
    }
    guard let pin = Data(base64URL: parts[3]), pin.count == Self.pinLength else {
      throw malformed("its pin is cut or changed")
    }
    self.secret = secret
    self.pin = pin
  }

  /// What the operator hands to the node. Secret.
  package var text: String { "\(Self.prefix):\(node):\(secret.base64URL):\(pin.base64URL)" }

  package var description: String { "\(Self.prefix):\(node):<redacted>:\(pin.base64URL)" }

  /// What the catalog keeps: SHA-256 of the secret, 32 bytes.
  package var hash: Data { Self.hash(secret: secret) }

  package static func hash(secret: Data) -> Data { Data(SHA256.hash(data: secret)) }
}

extension Data {
  /// RFC 4648, section 5, without padding.
  var base64URL: String {
    base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
  }

  init?(base64URL text: String) {
    guard !text.contains(where: { "+/=".contains($0) }) else { return nil }
    let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(
      of: "_", with: "/")
    self.init(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4))
  }
}
