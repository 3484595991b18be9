internal import GRPCCore
package import GRPCNIOTransportHTTP2Posix
internal import Synchronization

/// The connection to one driver's Unix socket.
///
/// It stays open between calls, so that no call inside a hold has to dial; `run` keeps it.
package final class CSIConnection: Sendable {
  package typealias Transport = HTTP2ClientTransport.Posix

  let client: GRPCClient<Transport>
  let driver: String

  /// The kernel's `sun_path` has 108 bytes, the last of them zero.
  static let maximumPathLength = 107

  package init(driver: String, socket: String) throws(CSIError) {
    self.driver = driver
    guard socket.hasPrefix("/"), socket.utf8.count <= Self.maximumPathLength else {
      throw CSIError(
        call: "connecting", driver: driver, code: .invalidArgument,
        message:
          "socket '\(socket)' must be an absolute path of \(Self.maximumPathLength) bytes at most")
    }
    do {
      client = GRPCClient(
        transport: try Transport(
          // Servers other than Go's refuse the path as authority; Kubernetes settled on this name.
          target: .unixDomainSocket(path: socket, authority: "localhost"),
          transportSecurity: .plaintext,
          config: .defaults {
            $0.connection.maxIdleTime = nil
            $0.backoff = .init(
              initial: .milliseconds(20), max: .seconds(1), multiplier: 1.6, jitter: 0.2)
          }))
    } catch {
      throw CSIError(
        call: "connecting", driver: driver, code: .invalidArgument, message: "\(error)")
    }
  }

  /// Serves calls until the task is cancelled or `stop`.
  package func run() async throws { try await client.runConnections() }

  /// Ends `run` once calls under way are answered.
  package func stop() { client.beginGracefulShutdown() }

  /// Makes one call, and repeats it for as long as its answer says that this may help and `limit` lasts.
  ///
  /// A single try gets a quarter of the limit, a second at least, so that one lost answer does not use up all of it.
  func call<Answer: Sendable>(
    _ name: String, within limit: Duration,
    _ body: @Sendable (CallOptions) async throws -> Answer
  ) async throws(CSIError) -> Answer {
    let end = ContinuousClock.now + limit
    var pause = Duration.milliseconds(5)
    while true {
      let left = end - ContinuousClock.now
      var options = CallOptions.defaults
      options.timeout = min(left, max(limit / 4, .seconds(1)))
      let failure: CSIError
      do {
        return try await body(options)
      } catch let error as RPCError {
        failure = CSIError(call: name, driver: driver, code: error.code, message: error.message)
      } catch {
        failure = CSIError(call: name, driver: driver, code: .unknown, message: "\(error)")
      }
      guard CSIError.isRetryable(failure.code), !Task.isCancelled,
        ContinuousClock.now + pause < end
      else { throw failure }
      do {
        try await Task.sleep(for: pause)
      } catch {
        throw failure
      }
      pause = min(pause * 2, .milliseconds(500))
    }
  }
}
