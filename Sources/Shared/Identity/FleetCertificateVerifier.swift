internal import Crypto
package import CutProtocol
package import Foundation
package import Model
internal import X509

/// Judges hold certificates by bytes alone: needs nothing but the fleet's authority certificates.
///
/// Believed is a statement whose signature was made by the leaf's key, whose leaf is an agent's certificate from the
/// fleet's authority for the very node and fleet that the statement names, and whose hold lies within the leaf's validity.
package struct FleetCertificateVerifier: CertificateVerifier {
  /// How far the node's clock may have been off when the certificate was issued.
  package static let tolerance = Duration.seconds(300)
  /// A statement is refused above this size.
  package static let largestStatement = 1 << 20

  private let trust: FleetTrust

  package init(trust: FleetTrust) { self.trust = trust }

  /// `authorities` are DER, as an exported backup carries them.
  package init(fleet: FleetID, authorities: [Data]) throws(IdentityError) {
    trust = try FleetTrust(fleet: fleet, authorities: authorities)
  }

  package func verified(_ certificate: HoldCertificate) async throws -> HoldStatement {
    guard certificate.statement.count <= Self.largestStatement else {
      throw RejectedCertificate("the statement has \(certificate.statement.count) bytes")
    }
    guard !certificate.chain.isEmpty, certificate.chain.count <= 4 else {
      throw RejectedCertificate("its chain has \(certificate.chain.count) certificates")
    }
    let chain: [Certificate]
    do throws(IdentityError) {
      chain = try certificate.chain.map { der throws(IdentityError) in
        try Certificate(der: der, what: "a certificate of its chain")
      }
    } catch {
      throw RejectedCertificate(error.message)
    }
    // First the signature: nothing of an unsigned statement is looked at.
    guard let key = P256.Signing.PublicKey(chain[0].publicKey),
      let signature = try? P256.Signing.ECDSASignature(derRepresentation: certificate.signature),
      key.isValidSignature(signature, for: certificate.statement)
    else { throw RejectedCertificate("the signature is not that of the leaf's key") }
    let statement: HoldStatement
    do {
      statement = try certificate.decoded()
    } catch {
      throw RejectedCertificate("the signed statement is malformed: \(error)")
    }
    try await judge(statement, chain)
    return statement
  }

  private func judge(_ statement: HoldStatement, _ chain: [Certificate]) async throws {
    guard statement.version == HoldStatement.currentVersion else {
      throw RejectedCertificate(
        "the statement has version \(statement.version), which is not known")
    }
    guard statement.fleet == trust.fleet else {
      throw RejectedCertificate(
        "the statement is of fleet \(statement.fleet), not of \(trust.fleet)")
    }
    let leaf = chain[0]
    let from = leaf.notValidBefore.timestamp
    let until = max(from, leaf.notValidAfter.timestamp)
    guard statement.heldAt >= from - Self.tolerance, statement.heldAt <= until + Self.tolerance
    else {
      throw RejectedCertificate(
        "the hold was at \(statement.heldAt), the signer's certificate is valid \(from) to \(until)"
      )
    }
    do throws(IdentityError) {
      // The tolerance is granted by judging the chain at the nearest moment of the leaf's validity.
      let identity = try await trust.identity(
        of: chain, at: min(max(statement.heldAt, from), until), roles: [.agent])
      guard identity == .agent(trust.fleet, statement.node) else {
        throw IdentityError(
          .refused, "it names node \(statement.node), but was signed by \(identity.uri)")
      }
    } catch {
      throw RejectedCertificate(error.message)
    }
  }
}
