package import CRIWire
package import GRPCCore
package import GRPCNIOTransportHTTP2Posix

/// One connection to a runtime's socket.
package struct CRIConnection: Sendable {
  package typealias Transport = HTTP2ClientTransport.Posix

  /// Larger answers are refused; the kubelet draws the line at the same place.
  package static let largestAnswer = 16 << 20

  package let runtime: Runtime_V1_RuntimeService.Client<Transport>
  package let images: Runtime_V1_ImageService.Client<Transport>
  package let events: Containerd_Services_Events_V1_Events.Client<Transport>

  /// Opens a connection for as long as `body` runs.
  ///
  /// A Unix socket costs a millisecond to dial; a connection for each question leaves nothing to be kept alive, and a
  /// runtime that has come back is found at once, without a client's back-off.
  package static func open<Result: Sendable>(
    _ socket: String, _ body: (CRIConnection) async throws -> Result
  ) async throws -> Result {
    let transport = try Transport(
      // Servers built on other stacks refuse the socket's path as an authority.
      target: .unixDomainSocket(path: socket, authority: "localhost"),
      transportSecurity: .plaintext)
    return try await withGRPCClient(transport: transport) { client in
      try await body(
        CRIConnection(
          runtime: Runtime_V1_RuntimeService.Client(wrapping: client),
          images: Runtime_V1_ImageService.Client(wrapping: client),
          events: Containerd_Services_Events_V1_Events.Client(wrapping: client)))
    }
  }

  /// Options of a call that must be answered within `deadline`; nil for a stream that lasts.
  package static func options(_ deadline: Duration?) -> CallOptions {
    var options = CallOptions.defaults
    options.timeout = deadline
    options.maxResponseMessageBytes = largestAnswer
    // The transport measures answers by the limit of requests, which otherwise is 4 MiB.
    options.maxRequestMessageBytes = largestAnswer
    return options
  }
}

extension RuntimeError {
  /// What a failed call means to the caller. `attempt` completes "… failed".
  init(_ error: RPCError, attempt: String) {
    let detail = "\(attempt) failed: \(error.message.prefix(500))"
    switch error.code {
    case .unavailable:
      self.init(
        .unavailable, "\(attempt) failed: nothing answers (\(error.rootMessage.prefix(300)))",
        hint: "is the runtime running, and is this its socket?")
    case .deadlineExceeded:
      self.init(.timedOut, "\(attempt) got no answer within its deadline")
    case .resourceExhausted, .unimplemented:
      self.init(.malformed, detail)
    default:
      self.init(.failed, detail)
    }
  }
}

extension RPCError {
  /// The message of the innermost cause, which for a connection says what the system said.
  fileprivate var rootMessage: String {
    var innermost: any Error = self
    // Causes nest a few levels deep; the bound keeps a loop from mattering.
    for _ in 0..<8 {
      if let error = innermost as? RPCError, let cause = error.cause {
        innermost = cause
      } else if let error = innermost as? GRPCCore.RuntimeError, let cause = error.cause {
        innermost = cause
      } else {
        break
      }
    }
    return (innermost as? RPCError)?.message ?? "\(innermost)"
  }
}
