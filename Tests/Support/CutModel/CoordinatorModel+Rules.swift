internal import CutProtocol
internal import Model

extension CoordinatorModel {
  /// What the machine would have done with a rule left out, made of what it did.
  mutating func withoutRule(
    _ rule: Rule, _ event: CoordinatorCut.Event, _ actions: [CoordinatorCut.Action],
    at now: Duration
  ) -> [CoordinatorCut.Action] {
    switch rule {
    case .everyHoldReported: actions + reportForAll(actions, at: now)
    case .everyCertificate: concludeEarly(event) ?? actions
    case .noneLeftOutAfterWitness: leaveOutLate(event) ?? actions
    case .callersFirst: actions + freezeAll(actions)
    default: actions
    }
  }

  /// Takes the order to freeze for the report that it was obeyed.
  private mutating func reportForAll(_ actions: [CoordinatorCut.Action], at now: Duration)
    -> [CoordinatorCut.Action]
  {
    var more: [CoordinatorCut.Action] = []
    for case .send(.freeze(let fence, let member, _), let node) in actions {
      let hold = ModelFleet.hold(on: node, fence)
      more += cut?.apply(.frozen(member, hold), at: now) ?? []
    }
    return more
  }

  /// Ends the cut with the first certificate.
  private mutating func concludeEarly(_ event: CoordinatorCut.Event) -> [CoordinatorCut.Action]? {
    guard case .certified(let certificate, _) = event, let fence = cut?.fence else { return nil }
    return [
      .finish(.evidence(GroupEvidence(group: 0, fence: fence, certificates: [certificate])))
    ]
  }

  /// Ends the cut without a member that was lost after the witness.
  private mutating func leaveOutLate(_ event: CoordinatorCut.Event) -> [CoordinatorCut.Action]? {
    guard case .nack(let lost, let refusal) = event, let fence = cut?.fence else { return nil }
    let certificates = store.certificates.filter { $0.key.fence == fence }.map(\.value)
    guard !certificates.isEmpty else { return nil }
    return [
      .finish(
        .evidence(
          GroupEvidence(
            group: 0, fence: fence, certificates: certificates,
            leftOut: [LeftOut(member: lost, reason: refusal.description)])))
    ]
  }

  /// Freezes the lower levels with the highest.
  private func freezeAll(_ actions: [CoordinatorCut.Action]) -> [CoordinatorCut.Action] {
    guard case .send(.freeze(let fence, let first, _), _)? = actions.first(where: \.isFreeze) else {
      return []
    }
    return fleet.members.filter { $0.name != first }.map { member in
      .send(
        .freeze(fence: fence, member: member.name, after: WitnessVector([:])), to: member.node)
    }
  }
}

extension CoordinatorCut.Action {
  var isFreeze: Bool { if case .send(.freeze, _) = self { true } else { false } }
}
