package import CutProtocol
internal import Logging
internal import Model

/// Backups that have members in common follow each other.
extension BackupService {
  /// What became of a backup's wait for its turn.
  enum TurnEnd: Sendable {
    case come
    /// No attempt was begun, for the reason that the sentence gives.
    case notBegun(String)
    /// The coordinator stops. Nothing was begun, so its next start can do it.
    case stopped
  }

  /// How long the nodes of a backup may take to come back to a coordinator that has just started.
  private static let patience = Duration.seconds(60)

  /// A cut that an earlier coordinator has stored and not begun. Whoever asked for it may have waited since: it is taken
  /// within the time that it had, as far as the wall clock tells.
  package func takeUp(_ plan: SealedPlan, _ turn: CutTurns.Turn) async {
    environment.logger.notice(
      "backup taken up that an earlier coordinator had not begun",
      metadata: ["backup": "\(plan.plan.backup)"])
    let age = max(.zero, environment.clock.timestamp() - plan.plan.createdAt)
    await begin(
      plan, turn, within: max(.zero, environment.times.turn - age), isTakenUp: true)
  }

  func wait(
    for turn: CutTurns.Turn, of plan: CutPlan, _ cut: Running, until deadline: Duration
  ) async -> TurnEnd {
    let (clock, turns, progress) = (environment.clock, environment.turns, cut.progress)
    let began = clock.now()
    let limit = environment.times.turn.shortText
    guard began < deadline else {
      return .notBegun("not begun: no coordinator ran within \(limit) of its being asked for")
    }
    let ahead: TurnQueue.Ahead? = await cut.cancellation.cancelling {
      let ahead = await turns.wait(for: turn, until: deadline, clock) { ahead in
        progress.waits(for: "\(ahead)")
      }
      progress.waitIsOver()
      guard ahead == nil else { return ahead }
      if cut.isTakenUp { await self.waitForNodes(of: plan) }
      return nil
    }
    if let reason = cut.cancellation.reason {
      return .notBegun(ahead.map { "\(reason) while it waited for \($0)" } ?? reason)
    }
    if Task.isCancelled { return .stopped }
    if let ahead {
      return .notBegun("not begun: it waited \(limit) for \(ahead)")
    }
    let waited = clock.now() - began
    if waited > .milliseconds(1) { progress.note(nil, "begins after waiting \(waited.shortText)") }
    return Task.isCancelled ? .stopped : .come
  }

  /// Agents come back to a coordinator that has started; one that stays away is the cut's to judge.
  private func waitForNodes(of plan: CutPlan) async {
    let clock = environment.clock
    let nodes = Set(plan.members.map(\.node))
    let deadline = clock.now() + Self.patience
    while clock.now() < deadline, !(await environment.gateway.connected().isSuperset(of: nodes)) {
      guard (try? await clock.sleep(until: clock.now() + .milliseconds(500))) != nil else { return }
    }
  }

  /// Whoever comes next must find nobody held by this cut: an abort is answered within moments, and no hold outlasts its cap.
  func waitUntilNobodyIsHeld(after plan: CutPlan) async {
    let clock = environment.clock
    let deadline = clock.now() + plan.freeze.cap.duration + environment.times.lease
    while clock.now() < deadline {
      do throws(CatalogError) {
        let left = try await environment.cuts.unfinished().members
        if !left.contains(where: { $0.backup == plan.backup && !$0.committed }) { return }
      } catch {
        // A catalog that cannot be read says nothing; the deadline still holds.
      }
      guard (try? await clock.sleep(until: clock.now() + .milliseconds(100))) != nil else { return }
    }
  }
}
