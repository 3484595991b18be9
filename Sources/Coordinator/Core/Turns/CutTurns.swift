package import CutProtocol
package import Model

/// Lets cuts that have something in common happen one after the other, in the order in which they were asked for.
///
/// Were they left to themselves, an agent would obey the higher fence: each prepare of one cut would end the other's attempt.
package actor CutTurns {
  /// A cut's place; whoever has one leaves in the end.
  package struct Turn: Hashable, Sendable {
    fileprivate var number: TurnQueue.Number
  }

  private struct Watcher {
    var entry: AsyncStream<TurnQueue.Ahead>.Continuation
    var told: TurnQueue.Ahead?
  }

  private var queue = TurnQueue()
  private var watchers: [TurnQueue.Number: Watcher] = [:]

  private let claims: @Sendable (CutPlan) -> CutClaims

  /// `claims` says what a cut uses.
  package init(claims: @escaping @Sendable (CutPlan) -> CutClaims = { CutClaims($0) }) {
    self.claims = claims
  }

  func join(_ holder: TurnQueue.Holder, _ plan: CutPlan) throws(OperationError) -> Turn {
    guard let number = queue.join(holder, claims(plan)) else {
      throw OperationError(
        .unavailable, "\(TurnQueue.most) backups and checks are under way already",
        hint: "try again when some of them have ended")
    }
    return Turn(number: number)
  }

  /// The cuts that an earlier coordinator left come first; nobody's turn comes before this was called. Answers the places
  /// of those that are not this coordinator's own.
  package func adopt(_ plans: [SealedPlan]) -> [BackupID: Turn] {
    let adopted = queue.adopt(plans.map { ($0.plan.backup, claims($0.plan)) })
    tell()
    return adopted.mapValues { Turn(number: $0) }
  }

  package func leave(_ turn: Turn) {
    queue.leave(turn.number)
    watchers.removeValue(forKey: turn.number)?.entry.finish()
    tell()
  }

  /// What the turn waits for, and whatever comes after that; finishes when it has come. Nil if it has come already.
  private func watch(_ turn: Turn) -> AsyncStream<TurnQueue.Ahead>? {
    guard let ahead = queue.ahead(of: turn.number) else { return nil }
    // Only the newest matters to a reader that is late.
    let (stream, entry) = AsyncStream.makeStream(
      of: TurnQueue.Ahead.self, bufferingPolicy: .bufferingNewest(1))
    entry.yield(ahead)
    watchers[turn.number] = Watcher(entry: entry, told: ahead)
    return stream
  }

  /// Says to everybody who waits what has changed, in their order.
  private func tell() {
    for number in watchers.keys.sorted() {
      let ahead = queue.ahead(of: number)
      guard let watcher = watchers[number], watcher.told != ahead else { continue }
      guard let ahead else {
        watchers.removeValue(forKey: number)?.entry.finish()
        continue
      }
      watchers[number]?.told = ahead
      watcher.entry.yield(ahead)
    }
  }

  private func ahead(of turn: Turn) -> TurnQueue.Ahead? { queue.ahead(of: turn.number) }

  /// Waits until the turn has come. Answers what it still waits for when `deadline` has passed or the task was cancelled
  /// before.
  nonisolated func wait(
    for turn: Turn, until deadline: Duration, _ clock: any CutClock,
    told: @escaping @Sendable (TurnQueue.Ahead) -> Void
  ) async -> TurnQueue.Ahead? {
    guard let changes = await watch(turn) else { return nil }
    let hasCome = await withTaskGroup(of: Bool.self) { tasks in
      tasks.addTask {
        for await ahead in changes { told(ahead) }
        return !Task.isCancelled
      }
      tasks.addTask {
        // A cancelled sleep ends the wait as well.
        try? await clock.sleep(until: deadline)
        return false
      }
      let hasCome = await tasks.next() ?? false
      tasks.cancelAll()
      return hasCome
    }
    return hasCome ? nil : await ahead(of: turn)
  }
}
