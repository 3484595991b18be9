import AgentCore
import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Synchronization

/// Remembers everything that the fleet server tells the core.
final class FakeCore: FleetEvents {
  struct Seen {
    var log: [String] = []
    var hellos: [AgentHello] = []
    var beats: [AgentHeartbeat] = []
    var reports: [CutReport] = []
    /// By journal, exactly as a catalog applies them.
    var applied: [String: [PlacementRecord]] = [:]
    /// How often a record came that was applied already.
    var repeated = 0
  }

  let seen = Mutex(Seen())
  let onReport = Mutex<(@Sendable (CutReport) async -> Void)?>(nil)
  let recordDelay = Mutex(Duration.zero)

  var log: [String] { seen.withLock { $0.log } }
  var reports: [CutReport] { seen.withLock { $0.reports } }
  func records(_ journal: String) -> [PlacementRecord] {
    seen.withLock { $0.applied[journal] ?? [] }
  }

  func agentConnected(_ node: NodeID, _ hello: AgentHello) async throws -> UInt64 {
    seen.withLock {
      $0.log.append("+\(node)")
      $0.hellos.append(hello)
      return $0.applied[hello.journal]?.last?.sequence ?? 0
    }
  }

  func agentDoubled(_ node: NodeID, _ detail: String) async {
    seen.withLock { $0.log.append("2 \(node): \(detail)") }
  }

  func agentDisconnected(_ node: NodeID) async { seen.withLock { $0.log.append("-\(node)") } }

  func agentBeat(_ node: NodeID, _ heartbeat: AgentHeartbeat) async {
    seen.withLock { $0.beats.append(heartbeat) }
  }

  func agentRecorded(_ node: NodeID, journal: String, _ records: [PlacementRecord]) async throws
    -> UInt64
  {
    try await Task.sleep(for: recordDelay.withLock { $0 })
    return seen.withLock { seen in
      for record in records {
        let last = seen.applied[journal]?.last?.sequence ?? 0
        if record.sequence <= last {
          seen.repeated += 1
        } else if record.sequence == last + 1 {
          seen.applied[journal, default: []].append(record)
        }
      }
      return seen.applied[journal]?.last?.sequence ?? 0
    }
  }

  func agentReported(_ node: NodeID, _ report: CutReport) async {
    seen.withLock { $0.reports.append(report) }
    await onReport.withLock { $0 }?(report)
  }
}

/// Tokens and nodes in memory, with the rules that the ports state.
final class FakeRegistry: TokenStore, NodeRegistry {
  struct Token {
    var node: NodeID
    var expires: Timestamp
    var used: Timestamp?
  }

  struct State {
    var tokens: [Data: Token] = [:]
    var keys: [NodeID: Data] = [:]
    var revoked: Set<NodeID> = []
    var failure: String?
  }

  struct Failure: Error {
    var text: String
  }

  let state = Mutex(State())

  func store(hash: Data, node: NodeID, expires: Timestamp) async throws {
    state.withLock { $0.tokens[hash] = Token(node: node, expires: expires, used: nil) }
  }

  func redeem(hash: Data, node: NodeID, now: Timestamp) async throws -> TokenRedemption {
    try state.withLock { state in
      if let failure = state.failure { throw Failure(text: failure) }
      guard let token = state.tokens[hash] else { return .unknown }
      guard token.node == node else { return .otherNode(token.node) }
      if let used = token.used { return .used(at: used) }
      guard now < token.expires else { return .expired(at: token.expires) }
      state.tokens[hash]?.used = now
      return .accepted
    }
  }

  func enrolled(_ node: NodeID, publicKeyHash: Data, at time: Timestamp) async throws {
    state.withLock {
      $0.keys[node] = publicKeyHash
      $0.revoked.remove(node)
    }
  }

  func vouched(for node: NodeID, publicKeyHash: Data, at time: Timestamp) async throws
    -> VouchedEnrolment
  {
    state.withLock { state in
      if state.revoked.contains(node) { return .revoked }
      if state.tokens.values.contains(where: { $0.node == node && $0.used != nil }) {
        return .enrolledByHand
      }
      state.keys[node] = publicKeyHash
      return .accepted
    }
  }

  func enrolledKey(_ node: NodeID) async throws -> Data? { state.withLock { $0.keys[node] } }

  func isRevoked(_ node: NodeID) async throws -> Bool {
    try state.withLock {
      if let failure = $0.failure { throw Failure(text: failure) }
      return $0.revoked.contains(node)
    }
  }

  func revoke(_ node: String) {
    state.withLock { if let node = try? NodeID(node) { _ = $0.revoked.insert(node) } }
  }
}

/// An agent's core that notes what it is told.
final class FakeAgent: OrderHandler {
  struct State {
    var orders: [CutOrder] = []
    var requests: [NodeRequest] = []
    var lost = 0
    var held: [AgentHeartbeat.Held] = []
    var hello: AgentHello
  }

  let state: Mutex<State>
  let onOrder = Mutex<(@Sendable (CutOrder) async -> Void)?>(nil)
  let onRequest = Mutex<(@Sendable (NodeRequest) async -> NodeReply)?>(nil)

  init(journal: String = "journal-1") {
    state = Mutex(
      State(
        hello: AgentHello(
          version: "1.0", boot: "boot", incarnation: 1, highestFence: .none, journalEnd: 0,
          journal: journal)))
  }

  var orders: [CutOrder] { state.withLock { $0.orders } }
  var lost: Int { state.withLock { $0.lost } }

  func handle(_ order: CutOrder) async {
    state.withLock { $0.orders.append(order) }
    await onOrder.withLock { $0 }?(order)
  }

  func handle(_ request: NodeRequest) async -> NodeReply {
    state.withLock { $0.requests.append(request) }
    return await onRequest.withLock { $0 }?(request) ?? .done
  }

  func hello() async -> AgentHello { state.withLock { $0.hello } }

  func heartbeat() async -> AgentHeartbeat {
    state.withLock { state in
      let observed = JournalObservation(
        through: .now(), journal: state.hello.journal, end: state.hello.journalEnd)
      return AgentHeartbeat(observed: observed, held: state.held, troubles: [])
    }
  }

  func coordinatorLost() async { state.withLock { $0.lost += 1 } }
}

/// A journal in memory.
final class FakeJournal: RecordSource {
  struct BeganAnew: Error {}

  private let name: Mutex<String>
  /// Called with the name of the new journal when the old one does not reach what it is asked for.
  let onNewJournal = Mutex<(@Sendable (String) -> Void)?>(nil)
  private let records = Mutex<[PlacementRecord]>([])
  let acknowledged = Mutex<UInt64>(0)

  init(_ journal: String = "journal-1") { name = Mutex(journal) }

  var journal: String { name.withLock { $0 } }

  func append(_ count: Int) {
    records.withLock { records in
      for _ in 0..<count {
        let sequence = UInt64(records.count) + 1
        records.append(
          PlacementRecord(
            sequence: sequence, time: Timestamp(nanoseconds: Int64(sequence) * 1_000_000_000),
            change: .unseen(since: Timestamp(nanoseconds: 0))))
      }
    }
  }

  func append(_ change: PlacementChange) {
    records.withLock {
      $0.append(PlacementRecord(sequence: UInt64($0.count) + 1, time: .now(), change: change))
    }
  }

  func records(after sequence: UInt64, limit: Int) async throws -> [PlacementRecord] {
    if sequence > records.withLock({ UInt64($0.count) }) {
      let new = name.withLock { name in
        name += "-anew"
        return name
      }
      onNewJournal.withLock { $0 }?(new)
      throw BeganAnew()
    }
    return records.withLock { Array($0.drop { $0.sequence <= sequence }.prefix(limit)) }
  }

  func waitForRecords(after sequence: UInt64) async {
    while !Task.isCancelled, records.withLock({ UInt64($0.count) <= sequence }) {
      // Ends at once when cancelled; the loop then ends too.
      try? await Task.sleep(for: .milliseconds(2))
    }
  }

  func acknowledge(through sequence: UInt64) async {
    acknowledged.withLock { $0 = max($0, sequence) }
  }
}
