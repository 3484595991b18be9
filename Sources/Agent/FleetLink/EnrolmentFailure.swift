internal import GRPCCore
internal import Identity

/// Why a node got no certificate.
package struct EnrolmentFailure: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    /// The coordinator said no; asking again in the same way cannot help.
    case refused
    /// The node was told to go; only a new token brings it back.
    case revoked
    /// Nobody answered, or the coordinator cannot look things up now: ask again later.
    case unreachable
    /// Whoever answered is not the coordinator of the expected fleet.
    case untrusted
    /// The node's own files.
    case local
  }

  package var code: Code
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }

  init(_ error: any Error, _ configuration: FleetLinkConfiguration, refusal: String?) {
    let place = "the coordinator at \(configuration.host)"
    switch error {
    case let failure as EnrolmentFailure: self = failure
    case let error as IdentityError: self.init(.local, error.description)
    case let error as RPCError:
      if let refusal {
        self.init(.untrusted, "\(place) is not trusted: \(refusal)")
        return
      }
      let reason = error.metadata[stringValues: "stillpoint-reason"].first { _ in true }
      switch error.code {
      case _ where reason == "revoked": self.init(.revoked, error.message)
      case .permissionDenied, .invalidArgument, .unauthenticated, .unimplemented:
        self.init(.refused, "\(place) refused: \(error.message)")
      default:
        self.init(
          .unreachable, "\(place) cannot be asked: \(Dialling.words(error))")
      }
    default: self.init(.unreachable, "\(place) cannot be asked: \(error)")
    }
  }
}
