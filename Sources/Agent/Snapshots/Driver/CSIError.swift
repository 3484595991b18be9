package import CutProtocol
package import GRPCCore

/// A CSI call that failed, with the answer's code as the specification defines it.
package struct CSIError: Error, Sendable, CustomStringConvertible {
  package var call: String
  package var driver: String
  package var code: RPCError.Code
  package var message: String

  package var description: String { "\(call) of driver \(driver) failed: \(message) (\(code))" }

  /// Whether the same call may be repeated as it is: the driver was busy, away or slow, and names make calls idempotent.
  package static func isRetryable(_ code: RPCError.Code) -> Bool {
    code == .aborted || code == .unavailable || code == .deadlineExceeded
  }

  /// For callers above the CSI.
  package var refusal: Refusal {
    switch code {
    case .aborted, .deadlineExceeded:
      Refusal(.busy, description)
    case .unavailable:
      Refusal(
        .failed, description, hint: "is the driver running, and its socket the configured one?")
    case .resourceExhausted:
      Refusal(.failed, description, hint: "make room in the driver's storage")
    case .unauthenticated, .permissionDenied, .unimplemented, .invalidArgument:
      Refusal(.hazard, description)
    default:
      Refusal(.failed, description)
    }
  }
}
