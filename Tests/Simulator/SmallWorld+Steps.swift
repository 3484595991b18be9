import Foundation
import Model

@testable import CutProtocol

extension SmallWorld {
  /// Every world that one event leads to.
  var successors: [SmallWorld] {
    var result: [SmallWorld] = []
    func add(_ change: (inout SmallWorld) -> Void) {
      var next = self
      change(&next)
      result.append(next)
    }
    addCoordinatorSteps(add)
    for node in 0..<2 {
      for attempt in 1...fixtures.attempts {
        for kind in Kind.allCases where sent & Self.bit(kind, node, attempt) != 0 {
          add { $0.deliver(kind, node, attempt) }
        }
        guard let part = parts[node][attempt - 1] else { continue }
        addMemberSteps(part, node, attempt, add)
      }
      if crashesLeft > 0 { add { $0.crash(node) } }
    }
    return result
  }

  private func addCoordinatorSteps(_ add: ((inout SmallWorld) -> Void) -> Void) {
    switch cut.state {
    case .waiting(let until), .preparing(let until):
      add { $0.feedCut(.tick, at: until) }
    case .freezing(_, let until), .witnessed(let until):
      add { $0.feedCut(.tick, at: until) }
      add {
        $0.cut.nextRenewal = .zero
        $0.feedCut(.tick, at: .zero)
        $0.cut.nextRenewal = .zero
      }
    case .finished: break
    }
  }

  private func addMemberSteps(
    _ part: Part, _ node: Int, _ attempt: Int, _ add: ((inout SmallWorld) -> Void) -> Void
  ) {
    switch part.machine.state {
    case .preparing:
      add {
        $0.feed(
          .prepared(
            Preparation(
              predictedQuiesce: .zero, predictedSnapshot: .zero, fidelity: .full, remarks: [])),
          node, attempt)
      }
    case .freezing:
      add {
        guard $0.gate[node] == 0 else {
          return $0.feed(.holdFailed(Refusal(.failed, "another hold")), node, attempt)
        }
        $0.gate[node] = attempt
        $0.feed(.holdsTaken, node, attempt)
      }
      add { $0.expire(node, attempt) }
    case .held:
      add { $0.expire(node, attempt) }
    case .thawing:
      add {
        if $0.gate[node] == attempt { $0.gate[node] = 0 }
        $0.feed(.thawed(intact: true), node, attempt)
      }
    case .certifying:
      add { $0.feed(.certified(SmallFixtures.certificate), node, attempt) }
    case .prepared, .certified, .ended: break
    }
    switch part.snapshot {
    case .asked:
      add {
        let isHeld = $0.gate[node] == attempt
        $0.parts[node][attempt - 1]?.snapshot = isHeld ? .cutInHold : .cutOutside
      }
    case .cutInHold, .cutOutside:
      add {
        $0.parts[node][attempt - 1]?.snapshot =
          part.snapshot == .cutInHold ? .answered : .answeredOutside
        if part.machine.state == .held { $0.parts[node][attempt - 1]?.snapshotCounted = true }
        $0.feed(.snapshotsCut, node, attempt)
      }
    case .none, .answered, .answeredOutside: break
    }
  }

  private mutating func expire(_ node: Int, _ attempt: Int) {
    guard let deadline = parts[node][attempt - 1]?.machine.lease?.deadline else { return }
    feed(.tick, node, attempt, at: deadline)
  }

  /// The node's agent dies, its guardian thaws, and it comes back with what its ledger has.
  private mutating func crash(_ node: Int) {
    crashesLeft -= 1
    gate[node] = 0
    for attempt in 1...fixtures.attempts {
      guard let part = parts[node][attempt - 1] else { continue }
      if case .certified = part.machine.state { continue }
      var machine = MemberHold(
        fence: SmallFixtures.fence(attempt), member: Self.names[node],
        hold: SmallFixtures.hold(node, attempt), lease: .zero, cap: .zero)
      _ = machine.apply(.mustEnd(reason: "restarted"), at: .zero)
      parts[node][attempt - 1]?.machine = machine
      send(.ended, node, attempt)
    }
  }

  private mutating func deliver(_ kind: Kind, _ node: Int, _ attempt: Int) {
    let fence = SmallFixtures.fence(attempt)
    let name = Self.names[node]
    let hold = SmallFixtures.hold(node, attempt)
    switch kind {
    case .prepare: acceptPrepare(node, attempt)
    case .freeze:
      order(.freeze(fence: fence, member: name, after: WitnessVector([:])), node, attempt)
    case .renew:
      order(.renew(fence: fence, member: name, hold: hold, lease: .seconds(3)), node, attempt)
    case .witness:
      let vector = WitnessVector([
        Self.names[0]: SmallFixtures.hold(0, attempt),
        Self.names[1]: SmallFixtures.hold(1, attempt),
      ])
      order(.witness(fence: fence, member: name, vector: vector), node, attempt)
    case .abort: order(.abort(fence: fence, member: name, reason: "aborted"), node, attempt)
    case .prepared, .refused, .frozen, .nack, .certified, .ended:
      guard attempt == Int(cut.fence.attempt) else { return }
      feedCut(event(kind, node, attempt), at: .zero)
    }
  }

  private func event(_ kind: Kind, _ node: Int, _ attempt: Int) -> CoordinatorCut.Event {
    let name = Self.names[node]
    switch kind {
    case .prepared:
      return .prepared(
        name, SmallFixtures.hold(node, attempt),
        Preparation(
          predictedQuiesce: .zero, predictedSnapshot: .zero, fidelity: .full, remarks: []))
    case .frozen: return .frozen(name, SmallFixtures.hold(node, attempt))
    case .certified:
      return .certified(SmallFixtures.certificate, fixtures.statement(node, attempt))
    case .ended: return .ended(name, reason: "ended")
    default: return .nack(name, Refusal(.failed, "refused"))
    }
  }

  private mutating func acceptPrepare(_ node: Int, _ attempt: Int) {
    guard parts[node][attempt - 1] == nil else { return }
    for newer in attempt..<max(attempt, fixtures.attempts) where parts[node][newer] != nil {
      return send(.refused, node, attempt)
    }
    for older in 1..<max(2, attempt) where older < attempt {
      feed(.mustEnd(reason: "replaced"), node, older)
      if parts[node][older - 1]?.machine.mayBeHeld == true {
        return send(.refused, node, attempt)
      }
    }
    parts[node][attempt - 1] = Part(
      machine: MemberHold(
        fence: SmallFixtures.fence(attempt), member: Self.names[node],
        hold: SmallFixtures.hold(node, attempt), lease: .seconds(3), cap: .seconds(10)))
  }

  private mutating func order(_ order: CutOrder, _ node: Int, _ attempt: Int) {
    guard let part = parts[node][attempt - 1] else {
      if case .abort = order { send(.ended, node, attempt) } else { send(.nack, node, attempt) }
      return
    }
    if case .abort = order { parts[node][attempt - 1]?.wasAborted = true }
    feed(.order(order), node, attempt)
    if case .renew = order, !part.machine.mayBeHeld,
      parts[node][attempt - 1]?.machine.mayBeHeld == true
    {
      violate("S7: a renewal revived attempt \(attempt) of \(Self.names[node])")
    }
  }

  private mutating func feed(
    _ event: MemberHold.Event, _ node: Int, _ attempt: Int, at now: Duration = .zero
  ) {
    guard let actions = parts[node][attempt - 1]?.machine.apply(event, at: now) else { return }
    for action in actions {
      switch action {
      case .report(let news): send(kind(of: news), node, attempt)
      case .takeHolds:
        if parts[node][attempt - 1]?.hasFrozen == true {
          violate("S4: attempt \(attempt) froze twice")
        }
        parts[node][attempt - 1]?.hasFrozen = true
        if fixtures.reportsEarly { send(.frozen, node, attempt) }
      case .cutSnapshots: parts[node][attempt - 1]?.snapshot = .asked
      case .cleanUp: send(.ended, node, attempt)
      case .renewGuardian, .thaw, .certify, .discard, .forget: break
      }
    }
  }

  private func kind(of news: CutReport.News) -> Kind {
    switch news {
    case .prepared: .prepared
    case .refused: .refused
    case .frozen: .frozen
    case .nack: .nack
    case .certified: .certified
    case .ended: .ended
    }
  }

  private mutating func feedCut(_ event: CoordinatorCut.Event, at now: Duration) {
    let before = cut.state
    let actions = cut.apply(event, at: now)
    cut.nextRenewal = .zero
    if case .freezing = before, case .witnessed = cut.state { markWitness() }
    for action in actions {
      switch action {
      case .send(let order, _): sendOrder(order)
      case .finish(.evidence(let evidence)): checkCommit(Int(evidence.fence.attempt))
      case .begin, .keep, .log, .finish: break
      }
    }
  }

  private mutating func sendOrder(_ order: CutOrder) {
    guard let node = Self.names.firstIndex(of: order.member) else { return }
    let attempt = Int(order.fence.attempt)
    switch order {
    case .prepare: send(.prepare, node, attempt)
    case .freeze: send(.freeze, node, attempt)
    case .renew: send(.renew, node, attempt)
    case .witness: send(.witness, node, attempt)
    case .abort: send(.abort, node, attempt)
    case .query, .settled: break
    }
  }

  private mutating func markWitness() {
    let attempt = Int(cut.fence.attempt)
    for node in 0..<2 where gate[node] == attempt {
      parts[node][attempt - 1]?.wasHeldAtWitness = true
    }
  }

  private mutating func checkCommit(_ attempt: Int) {
    for node in 0..<2 {
      guard let part = parts[node][attempt - 1] else {
        violate("S3: \(Self.names[node]) never had attempt \(attempt)")
        continue
      }
      if !part.wasHeldAtWitness { violate("S1: \(Self.names[node]) was not held at the witness") }
      if !part.snapshotCounted || part.snapshot != .answered {
        violate("S2: the snapshot of \(Self.names[node]) was not cut in its hold")
      }
      if sent & Self.bit(.abort, node, attempt) != 0 { violate("S14: committed after an abort") }
    }
  }
}
