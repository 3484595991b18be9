package import Foundation

/// By which a node knows its fleet's authority before it has seen it: SHA-256 of the authority's subject public key info.
package struct AuthorityPin: Hashable, Sendable, CustomStringConvertible {
  private static let length = 32
  package let hash: Data

  package init(of authority: CertificateAuthority) { hash = authority.pin }

  /// Reads the text form, base64url without padding; white space around it does not count.
  package init(text: String) throws(IdentityError) {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard trimmed.utf8.count <= 64, let hash = Data(base64URL: trimmed), hash.count == Self.length
    else {
      throw IdentityError(
        .malformed, "the authority's pin is cut or changed",
        hint: "it is what the coordinator wrote, 43 characters")
    }
    self.hash = hash
  }

  package var description: String { hash.base64URL }
}

extension FleetTrust {
  /// Whether one of the fleet's authorities is the one that `pin` names.
  package func isPinned(by pin: AuthorityPin) -> Bool {
    authorities.contains { $0.publicKeyHash == pin.hash }
  }
}
