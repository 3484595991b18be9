package import Model
package import SwiftASN1
package import X509

/// What a fleet certificate must be beyond RFC 5280's path rules: used for what it was issued for, and named as
/// a member of this fleet in one of the expected roles.
///
/// The path verifier itself looks neither at extended key usage nor at names.
package struct FleetIdentityPolicy: VerifierPolicy, Sendable {
  package let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
    .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    .X509ExtensionID.keyUsage, .X509ExtensionID.basicConstraints,
  ]

  package var fleet: FleetID
  package var roles: Set<PeerIdentity.Role>

  package init(fleet: FleetID, roles: Set<PeerIdentity.Role>) {
    self.fleet = fleet
    self.roles = roles
  }

  package func chainMeetsPolicyRequirements(
    chain: UnverifiedCertificateChain
  ) async -> PolicyEvaluationResult {
    do {
      try check(leaf: chain.leaf)
      return .meetsPolicy
    } catch {
      let reason = error.description
      return .failsToMeetPolicy(reason: reason)
    }
  }

  /// Throws `.refused` with the first thing that is wrong with the leaf.
  func check(leaf: Certificate) throws(IdentityError) {
    let identity = try PeerIdentity(certificate: leaf)
    guard identity.fleet == fleet else {
      throw IdentityError(
        .refused, "certificate \(identity.uri) is of fleet \(identity.fleet), not of \(fleet)")
    }
    guard roles.contains(identity.role) else {
      let expected = roles.map(\.rawValue).sorted().joined(separator: " or ")
      throw IdentityError(
        .refused, "certificate \(identity.uri) is not that of an expected role: \(expected)")
    }
    guard case .isCertificateAuthority? = try? leaf.extensions.basicConstraints else {
      return try checkUse(leaf, identity)
    }
    throw IdentityError(.refused, "certificate \(identity.uri) is that of an authority")
  }

  private func checkUse(_ leaf: Certificate, _ identity: PeerIdentity) throws(IdentityError) {
    let usage: ExtendedKeyUsage.Usage
    switch identity.role {
    case .agent, .operator: usage = .clientAuth
    case .coordinator: usage = .serverAuth
    }
    // Malformed and missing extensions are the same here: the use is not granted.
    let usages = (try? leaf.extensions.extendedKeyUsage) ?? nil
    guard let usages, usages.contains(usage) else {
      throw IdentityError(
        .refused, "certificate \(identity.uri) was not issued for \(usage) (extended key usage)")
    }
    guard identity.role == .coordinator else { return }
    let names = ((try? leaf.extensions.subjectAlternativeNames) ?? nil) ?? SubjectAlternativeNames()
    guard names.contains(.dnsName(fleet.coordinatorName)) else {
      throw IdentityError(
        .refused, "certificate \(identity.uri) does not carry the name \(fleet.coordinatorName)")
    }
  }
}
