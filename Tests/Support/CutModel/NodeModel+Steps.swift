internal import CutProtocol
internal import Model

extension NodeModel {
  /// Which faults a search may put in.
  package struct Faults: Hashable, Sendable {
    package var crash: Bool
    package var thirdParty: Bool
    /// Holds, snapshots and signatures that fail; they end an attempt as a lease does.
    package var failures: Bool

    package init(crash: Bool, thirdParty: Bool, failures: Bool) {
      self.crash = crash
      self.thirdParty = thirdParty
      self.failures = failures
    }
  }

  /// Everything that can happen on the node by itself.
  package func steps(with faults: Faults) -> [Step] {
    var steps: [Step] = []
    for (fence, attempt) in attempts.sorted(by: { $0.key < $1.key }) {
      steps += Self.steps(of: attempt, fence, faults)
    }
    guard faults.crash, !attempts.isEmpty else { return steps }
    steps.append(.crashes(certificateKept: false))
    let isSigning = attempts.values.contains { $0.machine.state == .certifying }
    return isSigning ? steps + [.crashes(certificateKept: true)] : steps
  }

  private static func steps(of attempt: Attempt, _ fence: Fence, _ faults: Faults) -> [Step] {
    var steps: [Step] = []
    let mayFail = faults.failures
    switch attempt.machine.state {
    case .preparing where !attempt.isRecovered:
      steps += mayFail ? [.becomesReady(fence), .cannotPrepare(fence)] : [.becomesReady(fence)]
    case .prepared: steps.append(.timeIsUp(fence))
    case .freezing:
      steps.append(.timeIsUp(fence))
      if attempt.hold == .taking {
        steps += mayFail ? [.isHeld(fence), .cannotHold(fence)] : [.isHeld(fence)]
      }
    case .held: steps.append(.timeIsUp(fence))
    case .thawing: steps.append(.isReleased(fence))
    case .certifying: steps += mayFail ? [.signs(fence), .cannotSign(fence)] : [.signs(fence)]
    case .ended where attempt.isUnderWay:
      steps.append(.becomesReady(fence))
    case .preparing, .certified, .ended: break
    }
    if attempt.isCutting {
      steps +=
        mayFail ? [.snapshotsAnswered(fence), .snapshotsFail(fence)] : [.snapshotsAnswered(fence)]
    }
    if attempt.isCleaning, !attempt.isCutting {
      steps.append(attempt.isDeleted ? .closes(fence) : .deletes(fence))
    }
    if faults.thirdParty, attempt.hold == .inForce {
      steps += [.thawedByOther(fence), .refrozenByOther(fence)]
    }
    return steps
  }
}
