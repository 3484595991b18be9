import CoordinatorCore
import CutProtocol
import Foundation
import Model
import Synchronization

/// Agents that answer orders as the protocol wants, each with the production state machine behind it, and with faults
/// that a test asks for. Holds and snapshots take no time.
final class FakeFleet: AgentGateway {
  struct Behaviour: Sendable {
    var refusal: Refusal?
    /// Orders of these kinds get lost.
    var loses: Set<String> = []
    var isAway = false
  }

  private struct State {
    var machines: [String: MemberHold] = [:]
    var plans: [String: SealedPlan] = [:]
    var counter: UInt64 = 0
    var behaviours: [ServiceName: Behaviour] = [:]
    var orders: [CutOrder] = []
    /// The newest attempt of each member, as an agent's ledger has it.
    var newest: [ServiceName: Fence] = [:]
    var nodes: Set<NodeID> = []
    var lost: Set<SnapshotHandle> = []
    var away: Set<NodeID> = []
  }

  private let state = Mutex(State())
  private let events = Mutex<(any FleetEvents)?>(nil)
  private let clock = BootClock()

  func connect(to events: any FleetEvents) { self.events.withLock { $0 = events } }

  func set(_ behaviour: Behaviour, for member: ServiceName) {
    state.withLock { $0.behaviours[member] = behaviour }
  }

  var orders: [CutOrder] { state.withLock { $0.orders } }

  func send(_ order: CutOrder, to node: NodeID) async throws(GatewayError) {
    let behaviour = state.withLock { state in
      state.orders.append(order)
      return state.behaviours[order.member] ?? Behaviour()
    }
    if behaviour.isAway { throw GatewayError(.notConnected, "\(node) is not connected") }
    if behaviour.loses.contains(Self.kind(order)) { return }
    let actions = take(order, behaviour, node)
    await perform(actions, order, node)
  }

  func request(_ request: NodeRequest, to node: NodeID, timeout: Duration)
    async throws(GatewayError) -> NodeReply
  {
    let (lost, isAway) = state.withLock { ($0.lost, $0.away.contains(node)) }
    if isAway { throw GatewayError(.notConnected, "\(node) is not connected") }
    switch request {
    case .restore(let restore): return .restored(restore.source.volume)
    case .findSnapshots(let wanted):
      return .found(wanted.map { lost.contains($0.snapshot) ? .missing : .there })
    case .deleteSnapshot, .probe, .runHook: return .done
    }
  }

  /// Somebody else deletes a snapshot.
  func lose(_ snapshot: SnapshotHandle) { state.withLock { _ = $0.lost.insert(snapshot) } }

  /// The node answers no request any more.
  func silence(_ node: NodeID) { state.withLock { _ = $0.away.insert(node) } }

  func connected() async -> Set<NodeID> { state.withLock { $0.nodes } }
  func connect(_ nodes: Set<NodeID>) { state.withLock { $0.nodes = nodes } }
  func disconnect(_ node: NodeID) async {}

  static func kind(_ order: CutOrder) -> String {
    switch order {
    case .prepare: "prepare"
    case .freeze: "freeze"
    case .renew: "renew"
    case .witness: "witness"
    case .cut: "cut"
    case .abort: "abort"
    case .query: "query"
    case .settled: "settled"
    }
  }

  private func take(_ order: CutOrder, _ behaviour: Behaviour, _ node: NodeID)
    -> [MemberHold.Action]
  {
    state.withLock { state in
      let key = "\(order.fence)/\(order.member)"
      if case .prepare(let fence, let member, let bytes, let lease) = order {
        guard let plan = try? SealedPlan(bytes: bytes) else { return [] }
        if let newest = state.newest[member], newest != fence {
          guard fence > newest else {
            let refusal = Refusal(
              .staleFence, "fence \(fence) of \(member) is not higher than \(newest)",
              highestFence: newest)
            return [.report(.refused(refusal))]
          }
          // As an agent does: a higher fence ends what an older one has not finished.
          if state.machines["\(newest)/\(member)"]?.state.isUnderWay == true {
            state.machines["\(newest)/\(member)"] = nil
          }
        }
        state.newest[member] = fence
        state.counter += 1
        let hold = HoldID(boot: "boot-\(node)", incarnation: 1, counter: state.counter)
        var machine = MemberHold(
          fence: fence, member: member, hold: hold, lease: lease,
          cap: plan.plan.freeze.cap.duration, volumes: plan.plan.member(member)?.volumes ?? [])
        let event: MemberHold.Event =
          behaviour.refusal.map { .prepareFailed($0) }
          ?? .prepared(
            Preparation(
              predictedQuiesce: .milliseconds(1), predictedSnapshot: .milliseconds(1),
              fidelity: .full, remarks: []))
        let actions = machine.apply(event, at: clock.now())
        state.machines[key] = machine
        state.plans[key] = plan
        return actions
      }
      return state.machines[key]?.apply(.order(order), at: clock.now())
        ?? [.report(.ended(reason: "unknown"))]
    }
  }

  private func feed(_ event: MemberHold.Event, _ order: CutOrder) -> [MemberHold.Action] {
    state.withLock {
      $0.machines["\(order.fence)/\(order.member)"]?.apply(event, at: clock.now()) ?? []
    }
  }

  private func perform(_ actions: [MemberHold.Action], _ order: CutOrder, _ node: NodeID) async {
    for action in actions {
      switch action {
      case .report(let news):
        let report = CutReport(
          fence: order.fence, member: order.member, news: news, obeyed: order.issuer)
        await events.withLock { $0 }?.agentReported(node, report)
      case .takeHolds: await perform(feed(.holdsTaken, order), order, node)
      case .cutSnapshots: await perform(feed(.snapshotsCut, order), order, node)
      case .announceCut:
        let own = attempt(order).map { Self.ownSnapshots(of: $1, in: $2, hold: $0.hold, order) }
        await perform([.report(.cut(own ?? []))], order, node)
      case .thaw: await perform(feed(.thawed(intact: true), order), order, node)
      case .certify:
        guard let certificate = certificate(order, node) else { return }
        await perform(feed(.certified(certificate), order), order, node)
      case .cleanUp(let reason):
        await perform([.report(.ended(reason: reason))], order, node)
      case .forget: await perform([.report(.ended(reason: "settled"))], order, node)
      case .renewGuardian, .discard: break
      }
    }
  }

  private func attempt(_ order: CutOrder) -> (MemberHold, MemberPlan, SealedPlan)? {
    state.withLock { state in
      let key = "\(order.fence)/\(order.member)"
      guard let machine = state.machines[key], let plan = state.plans[key],
        let member = plan.plan.member(order.member)
      else { return nil }
      return (machine, member, plan)
    }
  }

  private static func ownSnapshots(
    of member: MemberPlan, in plan: SealedPlan, hold: HoldID, _ order: CutOrder
  ) -> [SnapshotRecord] {
    let name = SnapshotName(
      fence: order.fence, member: member.name, hold: hold, backup: plan.plan.backup)
    return (member.ownCuts + plan.plan.cutsForOthers(by: member)).map { volume in
      SnapshotRecord(
        containerPath: volume.containerPath, volume: volume.volume,
        name: name.text(volume: volume.volume.handle),
        handle: SnapshotHandle(accepted: "snap-\(volume.volume.handle)"), group: nil,
        sizeBytes: 1, createdAt: Timestamp(nanoseconds: 0), readyToUse: true,
        requested: .milliseconds(3), acknowledged: .milliseconds(4))
    }
  }

  private func certificate(_ order: CutOrder, _ node: NodeID) -> HoldCertificate? {
    guard let (machine, member, plan) = attempt(order), let witness = machine.witness else {
      return nil
    }
    let own = Self.ownSnapshots(of: member, in: plan, hold: machine.hold, order)
    let volumes = Set(member.volumes.map(\.volume))
    let process = ProcessIdentity(container: member.container, pid: 100, startTicks: 7)
    let tokens = member.holds.map { StateToken(quiescer: $0.quiescer, values: ["writes": "17"]) }
    let statement = HoldStatement(
      fleet: plan.plan.fleet, backup: plan.plan.backup, planHash: plan.hash, fence: order.fence,
      node: node, member: member.name, hold: machine.hold, heldAfter: machine.heldAfter,
      witness: witness,
      steps: HoldSteps(
        quiesceBegan: .zero, held: .milliseconds(1), frozenSent: .milliseconds(2),
        witnessReceived: .milliseconds(3), thawBegan: .milliseconds(5),
        thawEnded: .milliseconds(6)), fidelity: .full, tokensAtHold: tokens,
      tokensBeforeThaw: tokens,
      processAtHold: process, processBeforeThaw: process,
      snapshots: own.filter { volumes.contains($0.volume) } + (machine.notice ?? []),
      snapshotsForOthers: own.filter { !volumes.contains($0.volume) },
      thaw: ThawEvidence(endedThisHold: true, cause: .complete),
      heldAt: Timestamp(nanoseconds: 0))
    guard let bytes = try? CanonicalJSON.encode(statement) else { return nil }
    return HoldCertificate(statement: bytes, signature: Data(node.text.utf8), chain: [])
  }
}

/// Believes a certificate whose "signature" is its node's name.
struct NameVerifier: CertificateVerifier {
  func verified(_ certificate: HoldCertificate) async throws -> HoldStatement {
    let statement = try certificate.decoded()
    guard certificate.signature == Data(statement.node.text.utf8) else {
      throw RejectedCertificate("it was signed by somebody else")
    }
    return statement
  }
}

extension MemberHold.State {
  /// On its way to a hold or in one.
  var isUnderWay: Bool {
    switch self {
    case .preparing, .prepared, .freezing, .held, .thawing: true
    case .certifying, .certified, .ended: false
    }
  }
}
