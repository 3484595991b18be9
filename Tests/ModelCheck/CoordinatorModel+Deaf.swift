import CutModel
import CutProtocol
import Model

extension CoordinatorModel {
  /// Whether a report can never again change anything here.
  func isDeaf(to report: CutReport, _ hearer: Int) -> Bool {
    guard hearer == 1 else { return isSecondDeaf(to: report) }
    return isFirstDeaf(to: report) && (keeps(.confirmedInThisEpoch) || isSecondDeaf(to: report))
  }

  /// An attempt that is over is never gone back to, and within one the machine goes forward only.
  private func isFirstDeaf(to report: CutReport) -> Bool {
    // What it has left behind it closes for the second's sake.
    if case .ended = report.news, mayBeFollowed { return !isOpen(report) }
    guard let cut, ending == nil, !cut.isFinished, report.fence >= cut.fence else { return true }
    guard report.fence == cut.fence else { return false }
    let phase = cut.phases[report.member]
    switch (cut.state, report.news) {
    case (.waiting, _): return !store.begun.isEmpty
    case (_, .prepared): return phase != .asked
    case (_, .frozen): return phase == .frozen || phase == .certified
    // A member whose certificate is there cannot be lost any more, and gives no other.
    case (.witnessed, _): return phase == .certified
    default: return false
    }
  }

  private func isSecondDeaf(to report: CutReport) -> Bool {
    switch report.news {
    case .prepared, .refused, .frozen, .cut, .nack: true
    case .certified, .ended: hasSecond && !isRecovering
    }
  }
}
