import CutModel
import CutProtocol
import Model

/// One member's machine from its freeze order on, with a clock: every order of events and of full seconds, nearest first.
struct MemberClock {
  /// What may come in at any second.
  enum Input: CaseIterable {
    case second, tick, held, cut, renewal, renewalOfAnother, witness, witnessOfAnother
    case secondWitness
  }

  private struct State: Hashable {
    var machine: MemberHold
    var now = 0
    /// Until when the renewals that came in time have earned the hold.
    var earned = MemberClock.lease
    /// Different witnesses that named this hold.
    var witnesses = 0
    var hasCut = false
  }

  static let lease = 2
  static let cap = 5
  static let end = 7

  struct Found {
    var states = 0
    var breach: String?
    var trace: [Input] = []

    var words: String { trace.map { "\($0)" }.joined(separator: ", ") }
  }

  private let without: Rule?
  private let member = ServiceName(accepted: "orders")
  private let fence = Fence(epoch: 1, cut: 1, attempt: 1)
  private let own = HoldID(boot: "orders", incarnation: 1, counter: 1)
  private let other = HoldID(boot: "orders", incarnation: 1, counter: 2)

  init(without rule: Rule? = nil) { without = rule }

  func search() -> Found {
    var machine = MemberHold(
      fence: fence, member: member, hold: own, lease: .seconds(Self.lease),
      cap: .seconds(without == .capAboveRenewals ? 60 : Self.cap))
    let preparation = Preparation(
      predictedQuiesce: .zero, predictedSnapshot: .zero, fidelity: .full, remarks: [])
    _ = machine.apply(.prepared(preparation), at: .zero)
    _ = machine.apply(
      .order(.freeze(fence: fence, member: member, after: WitnessVector([:]))), at: .zero)
    var open: [(state: State, trace: [Input])] = [(State(machine: machine), [])]
    var seen: Set<State> = [open[0].state]
    var next = 0
    while next < open.count {
      let (state, trace) = open[next]
      next += 1
      for input in Input.allCases where input != .second || state.now < Self.end {
        var after = state
        if let breach = take(input, &after) {
          return Found(states: seen.count, breach: breach, trace: trace + [input])
        }
        if seen.insert(after).inserted { open.append((after, trace + [input])) }
      }
    }
    return Found(states: seen.count)
  }

  /// Lets one thing happen; answers what it broke.
  private func take(_ input: Input, _ state: inout State) -> String? {
    if input == .second {
      state.now += 1
      return nil
    }
    let before = state.machine
    let wasHeld = before.state == .held || before.state == .freezing
    let isInTime = state.now < state.earned
    if let event = event(of: input, state) {
      _ = state.machine.apply(event, at: moment(of: event, state))
    }
    if wasHeld, isInTime { note(input, &state, wasHeld: before.state == .held) }
    return judge(before, state, wasHeld: wasHeld, isInTime: isInTime)
  }

  /// What the input means for what the hold has earned.
  private func note(_ input: Input, _ state: inout State, wasHeld: Bool) {
    switch input {
    case .renewal: state.earned = max(state.earned, min(state.now + Self.lease, Self.cap))
    case .witness where wasHeld: state.witnesses |= 1
    case .secondWitness where wasHeld: state.witnesses |= 2
    case .cut where wasHeld: state.hasCut = true
    default: break
    }
  }

  private func judge(
    _ before: MemberHold, _ state: State, wasHeld: Bool, isInTime: Bool
  ) -> String? {
    let isHeld = state.machine.state == .held || state.machine.state == .freezing
    if isHeld, !isInTime {
      return state.now >= Self.cap
        ? "L2: held at its cap of \(Self.cap) s" : "L1: held at \(state.now) s, after its lease"
    }
    switch state.machine.state {
    case .thawing(.leaseExpired), .thawing(.capReached):
      if wasHeld, isInTime { return "L1: thawed at \(state.now) s, before its lease was over" }
    case .thawing(.complete) where wasHeld:
      if state.witnesses == 0 { return "S1: ended well without a witness of its hold" }
      if state.witnesses == 3 { return "S9: ended well with two different witnesses" }
      if !state.hasCut { return "S2: ended well without its snapshots" }
    default: break
    }
    return nil
  }

  private func event(of input: Input, _ state: State) -> MemberHold.Event? {
    switch input {
    case .second: nil
    case .tick: .tick
    case .held: .holdsTaken
    case .cut: .snapshotsCut
    case .renewal: .order(renew(own))
    case .renewalOfAnother: .order(renew(without == .ownHoldRenewed ? own : other))
    case .witness: .order(witness([member: own]))
    case .witnessOfAnother: .order(witness([member: without == .ownHoldWitnessed ? own : other]))
    case .secondWitness:
      without == .oneWitness && state.machine.witness != nil
        ? nil : .order(witness([member: own, ServiceName(accepted: "payments"): other]))
    }
  }

  private func renew(_ hold: HoldID) -> CutOrder {
    .renew(fence: fence, member: member, hold: hold, lease: .seconds(Self.lease))
  }

  private func witness(_ holds: [ServiceName: HoldID]) -> CutOrder {
    .witness(fence: fence, member: member, vector: WitnessVector(holds))
  }

  private func moment(of event: MemberHold.Event, _ state: State) -> Duration {
    switch without {
    case .leaseEnds: .zero
    case .leaseBeforeEvent where event != .tick:
      .milliseconds(min(state.now * 1000, state.earned * 1000 - 1))
    default: .seconds(state.now)
    }
  }
}
