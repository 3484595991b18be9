import CutModel
import CutProtocol
import Model

extension NodeModel {
  /// A step of an attempt that can never be committed, which nothing has to wait for: taken at once, it can only make more
  /// messages possible, all of which the coordinator takes as one loss of the same attempt.
  func tidying(canCrash: Bool) -> Step? {
    for (fence, attempt) in attempts.sorted(by: { $0.key < $1.key }) {
      switch attempt.machine.state {
      case .ended where attempt.isUnderWay: return .becomesReady(fence)
      case .ended where attempt.kept == nil, .preparing where attempt.isCleaning:
        if attempt.isCutting { return .snapshotsAnswered(fence) }
        if attempt.isCleaning { return attempt.isDeleted ? .closes(fence) : .deletes(fence) }
      // An abort that came before would only keep the certificate from being sent.
      case .certifying where !canCrash: return .signs(fence)
      default: break
      }
    }
    return nil
  }

  /// Whether the order can never again change anything here, nor be answered with anything that was not said already.
  func isDeaf(to order: CutOrder) -> Bool {
    let fence = order.fence
    guard let attempt = attempts[fence] else { return highest >= fence }
    let state = attempt.machine.state
    switch order {
    case .prepare: return true
    case .freeze, .renew:
      switch state {
      case .preparing, .prepared: return false
      case .freezing, .held, .thawing, .certifying, .certified, .ended: return !attempt.isRecovered
      }
    case .witness:
      switch state {
      case .preparing, .prepared, .freezing: return false
      case .held: return attempt.machine.witness != nil
      case .thawing, .certifying, .certified, .ended: return !attempt.isRecovered
      }
    case .cut:
      switch state {
      case .preparing, .prepared, .freezing: return false
      case .held: return attempt.machine.notice != nil
      case .thawing, .certifying, .certified, .ended: return !attempt.isRecovered
      }
    case .abort, .query, .settled: return false
    }
  }
}
