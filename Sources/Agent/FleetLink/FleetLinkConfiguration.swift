/// Where the coordinator is, and the link's bounds.
package struct FleetLinkConfiguration: Hashable, Sendable {
  /// Name or address of the coordinator's machine. Its identity is verified by certificate, whatever is dialled.
  package var host: String
  package var port: Int
  package var enrolmentPort: Int
  /// The wait after the first failure; doubles with each further one up to `longestBackoff`, with jitter.
  package var backoff: Duration
  package var longestBackoff: Duration
  /// The wait after the coordinator has said that coming back is no use: revoked, incompatible, replaced.
  package var refusedBackoff: Duration
  /// How long a connection may take until the coordinator's welcome.
  package var welcomeTimeout: Duration
  /// Messages that may wait to be sent; the connection is dropped when there would be more.
  package var outbox: Int

  package init(
    host: String, port: Int, enrolmentPort: Int, backoff: Duration = .milliseconds(200),
    longestBackoff: Duration = .seconds(30), refusedBackoff: Duration = .seconds(300),
    welcomeTimeout: Duration = .seconds(10), outbox: Int = 256
  ) {
    self.host = host
    self.port = port
    self.enrolmentPort = enrolmentPort
    self.backoff = backoff
    self.longestBackoff = longestBackoff
    self.refusedBackoff = refusedBackoff
    self.welcomeTimeout = welcomeTimeout
    self.outbox = outbox
  }
}
