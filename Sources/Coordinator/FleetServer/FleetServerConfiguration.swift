/// Where the coordinator listens for agents, and its bounds.
package struct FleetServerConfiguration: Hashable, Sendable {
  /// An address of this machine, IPv4 or IPv6; `0.0.0.0` and `::` mean every one.
  package var host: String
  /// Where enrolled agents attach; mutual TLS. 0 takes any free port.
  package var port: Int
  /// Where nodes enrol and rejoin; only the coordinator shows a certificate. 0 takes any free port.
  package var enrolmentPort: Int
  /// The coordinator's version, for messages.
  package var version: String
  /// How often each side of a stream speaks at least.
  package var beatInterval: Duration
  /// After which silence an agent counts as gone.
  package var deadAfter: Duration
  /// Messages that may wait for one agent; its connection is dropped when there would be more.
  package var outbox: Int
  /// Reports of one agent that may wait for the core.
  package var inbox: Int
  /// How long a stream may take to end after it was told to.
  package var closingGrace: Duration
  /// Enrolment calls that one address may make in a burst, and how long it takes to earn another one.
  package var enrolmentBurst: Int
  package var enrolmentInterval: Duration

  package static let defaultPort = 7443
  package static let defaultEnrolmentPort = 7444

  package init(
    host: String = "0.0.0.0", port: Int = defaultPort, enrolmentPort: Int = defaultEnrolmentPort,
    version: String, beatInterval: Duration = .seconds(1), deadAfter: Duration = .seconds(5),
    outbox: Int = 256, inbox: Int = 256, closingGrace: Duration = .seconds(1),
    enrolmentBurst: Int = 20, enrolmentInterval: Duration = .milliseconds(500)
  ) {
    self.host = host
    self.port = port
    self.enrolmentPort = enrolmentPort
    self.version = version
    self.beatInterval = beatInterval
    self.deadAfter = deadAfter
    self.outbox = outbox
    self.inbox = inbox
    self.closingGrace = closingGrace
    self.enrolmentBurst = enrolmentBurst
    self.enrolmentInterval = enrolmentInterval
  }
}
