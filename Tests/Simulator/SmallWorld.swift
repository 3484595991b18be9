import Foundation
import Model

@testable import CutProtocol

/// One coordinator and two members in full, for a search through every order of events.
///
/// A message that was ever sent can arrive at any time, any number of times, or never. Time passes only where something expires.
struct SmallWorld {
  enum Kind: Int, CaseIterable {
    case prepare, freeze, renew, witness, abort
    case prepared, refused, frozen, nack, certified, ended
  }

  enum Snapshot: UInt64 { case none, asked, cutInHold, cutOutside, answered, answeredOutside }

  /// One attempt of one member on its node.
  struct Part {
    var machine: MemberHold
    var snapshot = Snapshot.none
    /// The hold was in force when the coordinator built the witness.
    var wasHeldAtWitness = false
    var hasFrozen = false
    var wasAborted = false
    var snapshotCounted = false
  }

  static let names = [ServiceName(accepted: "a"), ServiceName(accepted: "b")]
  var cut: CoordinatorCut
  /// By node and attempt.
  var parts: [[Part?]] = [[nil, nil], [nil, nil]]
  /// Which attempt's hold keeps the node's application still; 0 for none.
  var gate = [0, 0]
  var crashesLeft: Int
  var sent: UInt64 = 0
  var violation: String?
  let fixtures: SmallFixtures

  init(_ fixtures: SmallFixtures, crashes: Int) {
    self.fixtures = fixtures
    crashesLeft = crashes
    var times = CutTimes()
    times.pauses = fixtures.attempts > 1 ? [.seconds(1)] : []
    cut = CoordinatorCut(
      plan: fixtures.plan, group: 0, fence: SmallFixtures.fence(1), times: times, jitter: [0.5],
      at: .zero)
  }

  var isCommitted: Bool {
    cut.isFinished && cut.members.values.allSatisfy { $0.phase == .certified }
  }

  static func bit(_ kind: Kind, _ node: Int, _ attempt: Int) -> UInt64 {
    1 << UInt64(kind.rawValue * 4 + node * 2 + attempt - 1)
  }

  mutating func send(_ kind: Kind, _ node: Int, _ attempt: Int) {
    sent |= Self.bit(kind, node, attempt)
  }

  mutating func violate(_ what: String) { if violation == nil { violation = what } }

  /// Two worlds with one key have the same futures: moments are left out, since no event here compares them.
  var key: [UInt64] {
    var coordinator = UInt64(cut.fence.attempt)
    switch cut.state {
    case .waiting: coordinator |= 1 << 4
    case .preparing: coordinator |= 2 << 4
    case .freezing: coordinator |= 3 << 4
    case .witnessed: coordinator |= 4 << 4
    case .finished: coordinator |= 5 << 4
    }
    for (index, name) in Self.names.enumerated() {
      let phases: [AttemptMember.Phase] = [.asked, .prepared, .freezing, .frozen, .certified]
      let phase = cut.members[name].flatMap { phases.firstIndex(of: $0.phase) } ?? 7
      coordinator |= UInt64(phase) << UInt64(8 + 3 * index)
    }
    coordinator |= UInt64(gate[0] + 3 * gate[1]) << 16 | UInt64(crashesLeft) << 24
    return [coordinator, sent, nodeKey(0), nodeKey(1)]
  }

  private func nodeKey(_ node: Int) -> UInt64 {
    var result: UInt64 = 0
    for part in parts[node] {
      result <<= 16
      guard let part else { continue }
      let state: UInt64 =
        switch part.machine.state {
        case .preparing: 1
        case .prepared: 2
        case .freezing: 3
        case .held: 4
        case .thawing(.complete): 5
        case .thawing: 6
        case .certifying: 7
        case .certified: 8
        case .ended: 9
        }
      result |= state | part.snapshot.rawValue << 4
      result |= (part.machine.witness == nil ? 0 : 1) << 8
      result |= (part.wasHeldAtWitness ? 1 : 0) << 9 | (part.hasFrozen ? 1 : 0) << 10
      result |= (part.wasAborted ? 1 : 0) << 11 | (part.snapshotCounted ? 1 : 0) << 12
    }
    return result
  }
}

/// What never changes in a search.
final class SmallFixtures {
  let plan: SealedPlan
  let attempts: Int
  /// Agents report their hold before it is in force; for a search that must find the breach.
  let reportsEarly: Bool

  init(attempts: Int, reportsEarly: Bool = false) throws {
    self.attempts = attempts
    self.reportsEarly = reportsEarly
    let members = SmallWorld.names.enumerated().map { index, name in
      MemberPlan(
        name: name, node: Self.node(index), container: ContainerID(accepted: "c\(index)"),
        containerName: "c", pod: "p", namespace: "n", image: "i", imageDigest: "", holds: [],
        volumes: [], dependsOn: [], group: 0, level: 0)
    }
    plan = try SealedPlan(
      CutPlan(
        backup: BackupID(accepted: "b"), fleet: FleetID(accepted: "f"),
        plan: PlanName(accepted: "p"), environment: .test, requires: .applicationConsistent,
        policy: .strict, freeze: FreezeLimits(), createdAt: Timestamp(nanoseconds: 0),
        members: members))
  }

  static func node(_ index: Int) -> NodeID { NodeID(accepted: "n\(index)") }
  static func fence(_ attempt: Int) -> Fence {
    Fence(epoch: 1, cut: 1, attempt: UInt32(attempt))
  }
  static func hold(_ node: Int, _ attempt: Int) -> HoldID {
    HoldID(boot: "n\(node)", incarnation: 1, counter: UInt64(attempt))
  }
  static let certificate = HoldCertificate(statement: Data(), signature: Data(), chain: [])

  func statement(_ node: Int, _ attempt: Int) -> HoldStatement {
    let process = ProcessIdentity(
      container: ContainerID(accepted: "c\(node)"), pid: 1, startTicks: 1)
    return HoldStatement(
      fleet: plan.plan.fleet, backup: plan.plan.backup, planHash: plan.hash,
      fence: Self.fence(attempt), node: Self.node(node), member: SmallWorld.names[node],
      hold: Self.hold(node, attempt), heldAfter: WitnessVector([:]), witness: WitnessVector([:]),
      steps: HoldSteps(
        quiesceBegan: .zero, held: .zero, frozenSent: .zero, witnessReceived: .zero,
        thawBegan: .zero, thawEnded: .zero), fidelity: .full, tokensAtHold: [],
      tokensBeforeThaw: [], processAtHold: process, processBeforeThaw: process, snapshots: [],
      thaw: ThawEvidence(endedThisHold: true, cause: .complete),
      heldAt: Timestamp(nanoseconds: 0))
  }
}
