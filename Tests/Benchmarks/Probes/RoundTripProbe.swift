internal import AgentCore
internal import Catalog
internal import CoordinatorCore
internal import Crypto
internal import CutProtocol
internal import FleetLink
internal import FleetServer
internal import Foundation
internal import Identity
internal import Logging
internal import Model
internal import Synchronization
internal import X509

/// How long an order takes to its agent and the agent's report back: the production server, gateway and link, mutual
/// TLS over the loopback, and an agent's core that answers at once.
struct RoundTripProbe: Sendable {
  /// One after the other, on an idle link.
  let alone: Percentiles
  /// What each adds when many are sent at once: the whole time, shared among them.
  let each: Duration

  /// One round trip, as the limit counts it.
  var roundTrip: Duration { .milliseconds(alone.p50) }

  private static let count = 400
  private static let burst = 200

  static func run() async throws -> RoundTripProbe {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "stillpoint-bench-\(UUID().uuidString)"
    ).path
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    // Nothing useful can be done about a directory that cannot be removed.
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await within(.seconds(60), "measuring the round trip") {
      try await measure(in: path)
    }
  }

  private static func measure(in path: String) async throws -> RoundTripProbe {
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let fleet = try FleetID("bench")
    let node = try NodeID("node-1")
    let catalog = try Catalog(path: path + "/catalog.db")
    let authority = try CertificateAuthority.open(directory: path + "/authority", fleet: fleet)
    let key = P256.Signing.PrivateKey()
    let certificate = try authority.issueAgent(node, key: Certificate.PublicKey(key.publicKey))
    try await catalog.enrolled(node, publicKeyHash: certificate.publicKeyHash, at: .now())
    let credential = try Credential(
      privateKey: key, certificate: certificate, trust: authority.trust)
    let gateway = FleetGateway(registry: catalog, logger: logger)
    let core = Listener()
    let server = try FleetServer(
      configuration: FleetServerConfiguration(
        host: "127.0.0.1", port: 0, enrolmentPort: 0, version: "1.0"),
      authority: authority,
      certificate: try CoordinatorCertificate(authority: authority, logger: logger),
      gateway: gateway, events: core, tokens: catalog, registry: catalog, logger: logger)
    let reports = FleetReports()
    return try await withThrowingTaskGroup(of: RoundTripProbe?.self) { group in
      group.addTask {
        try await server.run()
        return nil
      }
      group.addTask {
        let link = FleetLink(
          configuration: FleetLinkConfiguration(
            host: "127.0.0.1", port: try await server.port,
            enrolmentPort: try await server.enrolmentPort),
          credential: HeldCredential(credential), handler: Answering(reports: reports),
          records: NoRecords(), reports: reports, logger: logger)
        try await link.run()
        return nil
      }
      group.addTask { try await exchange(over: gateway, core, with: node) }
      defer { group.cancelAll() }
      while let found = try await group.next() {
        if let found { return found }
      }
      throw BenchError("the round trip was not measured")
    }
  }

  private static func exchange(over gateway: FleetGateway, _ core: Listener, with node: NodeID)
    async throws -> RoundTripProbe
  {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(20)
    while await !gateway.connected().contains(node) {
      guard clock.now < deadline else { throw BenchError("the agent did not connect") }
      try await Task.sleep(for: .milliseconds(20))
    }
    // One agent takes in orders of different members at once, and few of the same.
    let members = try (0..<burst).map { try ServiceName("member-\($0)") }
    var answers = core.reports.makeAsyncIterator()
    var next: UInt64 = 0
    func send(_ number: Int) async throws {
      next += 1
      let fence = Fence(epoch: 1, cut: next, attempt: 1)
      try await gateway.send(.query(fence: fence, member: members[number % burst]), to: node)
    }
    var taken: [Double] = []
    for number in 0..<count {
      let begin = clock.now
      try await send(number)
      _ = await answers.next()
      // The first ones warm the path.
      if number >= count / 10 { taken.append((clock.now - begin).inMilliseconds) }
    }
    var bursts: [Duration] = []
    for _ in 0..<5 {
      let begin = clock.now
      for number in 0..<burst { try await send(number) }
      for _ in 0..<burst { _ = await answers.next() }
      bursts.append((clock.now - begin) / burst)
    }
    guard let alone = Percentiles(taken) else { throw BenchError("no order was answered") }
    return RoundTripProbe(alone: alone, each: bursts.sorted()[bursts.count / 2])
  }
}

/// A coordinator's core that passes reports on.
private final class Listener: FleetEvents {
  let reports: AsyncStream<CutReport>
  private let entry: AsyncStream<CutReport>.Continuation

  init() { (reports, entry) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(4096)) }

  func agentConnected(_ node: NodeID, _ hello: AgentHello) async throws -> UInt64 { 0 }
  func agentDisconnected(_ node: NodeID) async {}
  func agentDoubled(_ node: NodeID, _ detail: String) async {}
  func agentBeat(_ node: NodeID, _ heartbeat: AgentHeartbeat) async {}
  func agentRecorded(_ node: NodeID, journal: String, _ records: [PlacementRecord]) async throws
    -> UInt64
  { records.last?.sequence ?? 0 }
  func agentReported(_ node: NodeID, _ report: CutReport) async { entry.yield(report) }
}

/// An agent's core that has nothing, and says so at once.
private struct Answering: OrderHandler {
  let reports: FleetReports

  func handle(_ order: CutOrder) async {
    await reports.send(
      CutReport(fence: order.fence, member: order.member, news: .ended(reason: "nothing is held")))
  }

  func handle(_ request: NodeRequest) async -> NodeReply { .done }

  func hello() async -> AgentHello {
    AgentHello(
      version: "1.0", boot: "boot", incarnation: 1, highestFence: .none, journalEnd: 0,
      journal: "journal")
  }

  func heartbeat() async -> AgentHeartbeat {
    AgentHeartbeat(observed: nil, held: [], troubles: [])
  }

  func coordinatorLost() async {}
}

/// A journal without records.
private struct NoRecords: RecordSource {
  var journal: String { "journal" }
  func records(after sequence: UInt64, limit: Int) async throws -> [PlacementRecord] { [] }
  func waitForRecords(after sequence: UInt64) async {
    // Ends when it is cancelled; nothing ever comes.
    try? await Task.sleep(for: .seconds(3600))
  }
  func acknowledge(through sequence: UInt64) async {}
}
