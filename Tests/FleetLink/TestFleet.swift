import AgentCore
import CoordinatorCore
import Crypto
import CutProtocol
import FleetLink
import FleetServer
import Foundation
import Identity
import Logging
import Model
import Synchronization
import Testing
import X509

/// One fleet for one test: authority, registry and core outlive the coordinator's servers, as a state directory does.
final class TestFleet: Sendable {
  let path: String
  let authority: CertificateAuthority
  let registry = FakeRegistry()
  let core = FakeCore()
  let pods = FakePods()
  let gateway: FleetGateway
  let logger: Logger

  init(_ fleet: String = "shop", lifetimes: CertificateAuthority.Lifetimes = .init()) throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "stillpoint-link-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    self.logger = logger
    authority = try CertificateAuthority.open(
      directory: "\(path)/authority", fleet: FleetID(fleet), lifetimes: lifetimes)
    gateway = FleetGateway(registry: registry, logger: logger)
  }

  deinit {
    // Nothing useful can be done about a directory that cannot be removed.
    try? FileManager.default.removeItem(atPath: path)
  }

  /// A credential of a node that the registry knows.
  func agent(_ node: String, lifetime: Duration? = nil, now: Timestamp = .now()) async throws
    -> Credential
  {
    let key = P256.Signing.PrivateKey()
    let certificate = try authority.issueAgent(
      NodeID(node), key: Certificate.PublicKey(key.publicKey), now: now)
    try await registry.enrolled(
      NodeID(node), publicKeyHash: certificate.publicKeyHash, at: .now())
    return try Credential(privateKey: key, certificate: certificate, trust: authority.trust)
  }

  func store(_ name: String) throws -> CredentialStore {
    try CredentialStore(path: "\(path)/\(name)")
  }

  func token(_ node: String, expires: Timestamp = .now() + EnrolmentToken.lifetime) async throws
    -> EnrolmentToken
  {
    let token = EnrolmentToken(node: try NodeID(node), authority: authority)
    try await registry.store(hash: token.hash, node: token.node, expires: expires)
    return token
  }

  /// The coordinator's servers, and their certificate.
  func server(
    ports: (Int, Int) = (0, 0), adjust: (inout FleetServerConfiguration) -> Void = { _ in }
  ) throws -> (FleetServer, CoordinatorCertificate) {
    var configuration = FleetServerConfiguration(
      host: "127.0.0.1", port: ports.0, enrolmentPort: ports.1, version: "1.0",
      beatInterval: .milliseconds(100), deadAfter: .seconds(5), enrolmentBurst: 1000)
    adjust(&configuration)
    let certificate = try CoordinatorCertificate(authority: authority, logger: logger)
    let server = try FleetServer(
      configuration: configuration, authority: authority, certificate: certificate,
      gateway: gateway, events: core, tokens: registry, registry: registry, pods: pods,
      logger: logger)
    return (server, certificate)
  }

  /// Runs the coordinator's servers for as long as `body` lasts.
  func serving<Result: Sendable>(
    ports: (Int, Int) = (0, 0),
    adjust: (inout FleetServerConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (RunningCoordinator) async throws -> Result
  ) async throws -> Result {
    let (server, certificate) = try server(ports: ports, adjust: adjust)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask {
        try await server.run()
        return nil
      }
      group.addTask {
        let running = RunningCoordinator(
          certificate: certificate, port: try await server.port,
          enrolmentPort: try await server.enrolmentPort)
        return try await body(running)
      }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      throw CancellationError()
    }
  }
}

struct RunningCoordinator: Sendable {
  var certificate: CoordinatorCertificate
  var port: Int
  var enrolmentPort: Int

  var link: FleetLinkConfiguration {
    FleetLinkConfiguration(
      host: "127.0.0.1", port: port, enrolmentPort: enrolmentPort, backoff: .milliseconds(20),
      longestBackoff: .milliseconds(100), refusedBackoff: .milliseconds(300))
  }
}

/// One agent of a test: the real link around fakes.
final class TestAgent: Sendable {
  let handler: FakeAgent
  let journal: FakeJournal
  let reports = FleetReports()
  let credential: HeldCredential
  let lines = LogLines()

  init(_ credential: Credential, journal: String = "journal-1") {
    self.credential = HeldCredential(credential)
    handler = FakeAgent(journal: journal)
    self.journal = FakeJournal(journal)
  }

  func link(_ configuration: FleetLinkConfiguration) -> FleetLink {
    FleetLink(
      configuration: configuration, credential: credential, handler: handler, records: journal,
      reports: reports, logger: lines.logger)
  }

  /// Runs the link for as long as `body` lasts.
  func linked<Result: Sendable>(
    _ configuration: FleetLinkConfiguration, _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let link = link(configuration)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask {
        try await link.run()
        return nil
      }
      group.addTask { try await body() }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      throw CancellationError()
    }
  }
}

/// What was logged, as lines of message and metadata.
final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }
  func contain(_ text: String) -> Bool { all.contains { $0.contains(text) } }

  var logger: Logger {
    var logger = Logger(label: "test") { _ in Handler(lines: self) }
    logger.logLevel = .trace
    return logger
  }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
  }
}

/// Waits until the condition holds; fails the test when it does not within half a minute.
func eventually(
  _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + .seconds(30)
  while ContinuousClock.now < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record(what, sourceLocation: sourceLocation)
  throw CancellationError()
}

let fence = Fence(epoch: 1, cut: 1, attempt: 1)

func service(_ name: String) throws -> ServiceName { try ServiceName(name) }
