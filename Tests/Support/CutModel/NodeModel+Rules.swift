internal import CutProtocol
internal import Model

extension NodeModel {
  /// What the machine is fed instead of an order, and from what state, when a rule is left out.
  mutating func withoutRule(
    _ order: CutOrder, _ attempt: Attempt, at now: Duration, _ outcome: inout Outcome
  ) -> MemberHold.Event? {
    let fence = order.fence
    let isOver = !attempt.machine.mayBeHeld && attempt.machine.lease != nil
    switch (without, order) {
    case (.onceForAFence, .freeze) where isOver:
      restart(fence, at: now)
      return .order(order)
    case (.neverRevived, .renew) where isOver:
      restart(fence, at: now)
      feed(
        .order(.freeze(fence: fence, member: member.name, after: WitnessVector([:]))), fence,
        at: now, &outcome)
      outcome.breach = "S7: a renewal made \(member.name) held"
      return .order(order)
    case (.onlyFreezeFreezes, .abort):
      guard case .prepared = attempt.machine.state else { return nil }
      feed(
        .order(.freeze(fence: fence, member: member.name, after: WitnessVector([:]))), fence,
        at: now, &outcome)
      outcome.breach = "S17: \(member.name) was frozen by something else than a freeze order"
      return .order(order)
    default:
      return nil
    }
  }

  /// A machine of the same attempt that is only prepared.
  private mutating func restart(_ fence: Fence, at now: Duration) {
    var machine = MemberHold(
      fence: fence, member: member.name, hold: ModelFleet.hold(on: member.node, fence),
      lease: CutTimes().lease, cap: cap, volumes: member.volumes)
    _ = machine.apply(
      .prepared(
        Preparation(
          predictedQuiesce: .zero, predictedSnapshot: .zero, fidelity: .full, remarks: [])),
      at: now)
    attempts[fence]?.machine = machine
  }
}
