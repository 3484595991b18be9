internal import Foundation
package import Model
internal import SwiftASN1
package import X509

/// Who speaks: what the one URI name of a fleet certificate says.
///
/// `spiffe://<fleet>/agent/<node>`, `spiffe://<fleet>/operator/<name>` or `spiffe://<fleet>/coordinator` (the form
/// of the SPIFFE ID standard, section 2). Only a `FleetTrust` tells whether the certificate can be believed.
package enum PeerIdentity: Hashable, Sendable {
  case agent(FleetID, NodeID)
  case operatorNamed(FleetID, OperatorName)
  case coordinator(FleetID)

  package enum Role: String, Hashable, Sendable, CaseIterable {
    case agent, `operator`, coordinator
  }

  package var fleet: FleetID {
    switch self {
    case .agent(let fleet, _), .operatorNamed(let fleet, _), .coordinator(let fleet): fleet
    }
  }

  package var role: Role {
    switch self {
    case .agent: .agent
    case .operatorNamed: .operator
    case .coordinator: .coordinator
    }
  }

  package var uri: String {
    switch self {
    case .agent(let fleet, let node): "spiffe://\(fleet)/agent/\(node)"
    case .operatorNamed(let fleet, let name): "spiffe://\(fleet)/operator/\(name)"
    case .coordinator(let fleet): "spiffe://\(fleet)/coordinator"
    }
  }

  /// Throws `.refused` for anything but exactly one of the three forms.
  package init(uri: String) throws(IdentityError) {
    let shown = uri.prefix(200)
    func refused(_ why: String) -> IdentityError {
      IdentityError(.refused, "certificate name '\(shown)' is no identity of a fleet: \(why)")
    }
    let scheme = "spiffe://"
    guard uri.utf8.count <= 512, uri.hasPrefix(scheme) else {
      throw refused("it must begin with \(scheme)")
    }
    let parts = uri.dropFirst(scheme.count).split(
      separator: "/", omittingEmptySubsequences: false
    ).map(String.init)
    do {
      switch (parts.count, parts.dropFirst().first) {
      case (2, "coordinator"): self = .coordinator(try FleetID(parts[0]))
      case (3, "agent"): self = .agent(try FleetID(parts[0]), try NodeID(parts[2]))
      case (3, "operator"):
        self = .operatorNamed(try FleetID(parts[0]), try OperatorName(parts[2]))
      default: throw refused("it names neither an agent, nor an operator, nor a coordinator")
      }
    } catch let error as InvalidIdentifier {
      throw refused(error.description)
    } catch let error as IdentityError {
      throw error
    } catch {
      throw refused("\(error)")
    }
  }

  /// Reads the certificate's one URI name. Does not judge who signed it.
  package init(certificate: Certificate) throws(IdentityError) {
    let names: SubjectAlternativeNames?
    do {
      names = try certificate.extensions.subjectAlternativeNames
    } catch {
      throw IdentityError(.refused, "the certificate's alternative names are malformed: \(error)")
    }
    let uris = (names ?? SubjectAlternativeNames()).compactMap { name -> String? in
      guard case .uniformResourceIdentifier(let uri) = name else { return nil }
      return uri
    }
    guard let uri = uris.first, uris.count == 1 else {
      throw IdentityError(
        .refused, "the certificate has \(uris.count) URI names, exactly one is expected")
    }
    try self.init(uri: uri)
  }

  /// As `init(certificate:)`, for callers that hold DER, such as a TLS library's peer certificate.
  package init(certificateDER bytes: [UInt8]) throws(IdentityError) {
    let certificate: Certificate
    do {
      certificate = try Certificate(derEncoded: bytes)
    } catch {
      throw IdentityError(.refused, "the certificate is malformed: \(error)")
    }
    try self.init(certificate: certificate)
  }
}

extension FleetID {
  /// The name that the coordinator's certificate carries and that agents and operators verify, whatever address
  /// they dial.
  package var coordinatorName: String { "coordinator.\(text)" }

  /// The name of the fleet's authority.
  var authorityURI: String { "spiffe://\(text)" }
}
