/// Ends every hold that nobody ends, by the guardian's own clock. Pure: the shell feeds events and performs orders.
///
/// Each hold is `armed`, then either disarmed or `rescuing` and at last ended. The cap is set once, when the hold is
/// armed, and nothing moves it. Times count from any fixed moment and never run backwards.
package struct GuardianWatch: Sendable {
  /// What the shell is to do, in this order.
  package enum Order: Equatable, Sendable {
    /// Begin the action of this number; answer with `actionEnded`.
    case start(HoldKey, action: Int)
    /// Nothing of this hold is needed any more: close its descriptors, stop a repeated thaw.
    case forget(HoldKey)
  }

  package enum ArmAnswer: Equatable, Sendable {
    case armed
    case refused(String)
  }

  package enum RenewAnswer: Equatable, Sendable {
    case renewed
    /// The hold is not armed: nothing was changed.
    case notArmed
    /// The guardian had already begun to end it.
    case rescued
  }

  package enum DisarmAnswer: Equatable, Sendable {
    case idle
    /// The guardian has begun to end it, and is not done.
    case rescuing
    case rescued
    /// No such hold was ever armed here, or it is forgotten.
    case unknown
  }

  /// How an action ended.
  package enum Outcome: Equatable, Sendable {
    case done
    /// A thaw, of a filesystem or of processes, found nothing frozen: the freeze may still be under way.
    case nothingFrozen
    case failed
  }

  private enum Phase: Equatable, Sendable {
    /// Leads to `rescuing`, or to nothing when disarmed.
    case armed(deadline: Duration, cap: Duration)
    /// Leads to nothing once every action ended.
    case rescuing(Rescuing)
  }

  private struct Rescuing: Equatable, Sendable {
    var since: Duration
    /// The next action to begin; the count of actions when all have begun.
    var next = 0
    /// When `next` begins even if the one before it goes on.
    var nextAt: Duration
    var running: Set<Int> = []
    /// Thaws to begin again, and when.
    var again: [Int: Duration] = [:]
    /// The agent has ended the hold as well: nothing can come into force any more, and a thaw would be another's.
    var isDisarmed = false
  }

  private struct Hold: Equatable, Sendable {
    var key: HoldKey
    var actions: [RescueKind]
    var phase: Phase
  }

  /// In the order of arming.
  private var holds: [Hold] = []
  /// Holds that were rescued and have ended, oldest first.
  private var ended: [HoldKey] = []
  private var peerIsClosed = false

  package init() {}

  // MARK: What the agent asks

  /// Takes a hold under guard. `lease` and `cap` count from `now`.
  package mutating func arm(
    _ key: HoldKey, actions: [RescueKind], lease: Duration, cap: Duration, now: Duration
  ) -> ArmAnswer {
    guard !peerIsClosed else { return .refused("the agent is gone") }
    guard !actions.isEmpty else { return .refused("hold \(key) has no rescue action") }
    guard actions.count <= GuardianLimits.actions else {
      return .refused("hold \(key) has more than \(GuardianLimits.actions) rescue actions")
    }
    guard lease > .zero, cap > .zero else { return .refused("hold \(key) would be over at once") }
    guard cap <= GuardianLimits.longestCap else {
      return .refused("the cap of hold \(key) is above \(GuardianLimits.longestCap)")
    }
    guard index(key) == nil, !ended.contains(key) else {
      return .refused("hold \(key) was armed before")
    }
    guard holds.count < GuardianLimits.holds else {
      return .refused("\(GuardianLimits.holds) holds are armed already")
    }
    let end = now + cap
    holds.append(
      Hold(key: key, actions: actions, phase: .armed(deadline: min(now + lease, end), cap: end)))
    return .armed
  }

  /// Sets the lease anew from `now`, never beyond the cap.
  package mutating func renew(_ key: HoldKey, lease: Duration, now: Duration) -> RenewAnswer {
    guard let index = index(key) else { return ended.contains(key) ? .rescued : .notArmed }
    guard case .armed(let deadline, let cap) = holds[index].phase else { return .rescued }
    // A renewal that comes late finds the hold over, even if no tick has said so yet.
    guard now < deadline else { return .rescued }
    holds[index].phase = .armed(deadline: min(now + max(lease, .zero), cap), cap: cap)
    return .renewed
  }

  /// The agent has ended the hold itself. A rescue under way goes on to its end, except a repeated thaw.
  package mutating func disarm(_ key: HoldKey, now: Duration) -> (DisarmAnswer, [Order]) {
    guard let index = index(key) else { return (ended.contains(key) ? .rescued : .unknown, []) }
    guard case .rescuing(var rescuing) = holds[index].phase else {
      holds.remove(at: index)
      return (.idle, [.forget(key)])
    }
    rescuing.again = [:]
    rescuing.isDisarmed = true
    holds[index].phase = .rescuing(rescuing)
    let orders = advance(index, now: now)
    return (self.index(key) == nil ? .rescued : .rescuing, orders)
  }

  // MARK: What happens

  /// Begins whatever is due.
  package mutating func tick(now: Duration) -> [Order] {
    var orders: [Order] = []
    for key in holds.reversed().map(\.key) {
      guard let index = index(key) else { continue }
      if case .armed(let deadline, _) = holds[index].phase, now >= deadline {
        holds[index].phase = .rescuing(Rescuing(since: now, nextAt: now))
      }
      orders += advance(index, now: now)
    }
    return orders
  }

  /// The agent's socket closed, so none of its threads can be inside a freeze any more: everything is ended at once.
  package mutating func peerClosed(now: Duration) -> [Order] {
    peerIsClosed = true
    for index in holds.indices {
      switch holds[index].phase {
      case .armed:
        holds[index].phase = .rescuing(Rescuing(since: now, nextAt: now))
      case .rescuing(var rescuing):
        for action in rescuing.again.keys { rescuing.again[action] = now }
        holds[index].phase = .rescuing(rescuing)
      }
    }
    return tick(now: now)
  }

  package mutating func actionEnded(
    _ key: HoldKey, action: Int, outcome: Outcome, now: Duration
  ) -> [Order] {
    guard let index = index(key), case .rescuing(var rescuing) = holds[index].phase,
      rescuing.running.remove(action) != nil
    else { return [] }
    // However long a freeze waits for its disk: the agent that waits for it says when it has come back, or dies.
    let mayStillFreeze = !peerIsClosed && !rescuing.isDisarmed
    if outcome == .nothingFrozen && mayStillFreeze {
      let passed = now - rescuing.since
      rescuing.again[action] =
        now + min(max(.milliseconds(5), passed / 4), .milliseconds(250))
    }
    if action == rescuing.next - 1 { rescuing.nextAt = now }
    holds[index].phase = .rescuing(rescuing)
    return advance(index, now: now)
  }

  // MARK: What the shell asks

  /// When `tick` has something to do; nil when only an event can bring work.
  package var nextDeadline: Duration? {
    holds.compactMap { hold -> Duration? in
      switch hold.phase {
      case .armed(let deadline, _): return deadline
      case .rescuing(let rescuing):
        let repeated = rescuing.again.values.min()
        guard rescuing.next < hold.actions.count else { return repeated }
        return repeated.map { min($0, rescuing.nextAt) } ?? rescuing.nextAt
      }
    }.min()
  }

  /// Nothing is held and nobody can ask for more: the guardian's work is over.
  package var isFinished: Bool { peerIsClosed && holds.isEmpty }

  package var armedCount: Int {
    holds.count { if case .armed = $0.phase { true } else { false } }
  }

  /// The action behind an order.
  package func action(_ key: HoldKey, _ action: Int) -> RescueKind? {
    index(key).flatMap {
      holds[$0].actions.indices.contains(action) ? holds[$0].actions[action] : nil
    }
  }

  // MARK: Inside

  private func index(_ key: HoldKey) -> Int? { holds.firstIndex { $0.key == key } }

  /// Begins the actions of a rescue that are due, one after the other, and closes the rescue behind the last.
  private mutating func advance(_ index: Int, now: Duration) -> [Order] {
    guard case .rescuing(var rescuing) = holds[index].phase else { return [] }
    let hold = holds[index]
    var orders: [Order] = []
    for action in rescuing.again.filter({ now >= $0.value }).keys.sorted() {
      rescuing.again[action] = nil
      rescuing.running.insert(action)
      orders.append(.start(hold.key, action: action))
    }
    if rescuing.next < hold.actions.count, now >= rescuing.nextAt {
      orders.append(.start(hold.key, action: rescuing.next))
      rescuing.running.insert(rescuing.next)
      rescuing.next += 1
      rescuing.nextAt = now + GuardianLimits.patience
    }
    let isOver =
      rescuing.next == hold.actions.count && rescuing.running.isEmpty && rescuing.again.isEmpty
    holds[index].phase = .rescuing(rescuing)
    if isOver {
      holds.remove(at: index)
      ended.append(hold.key)
      if ended.count > GuardianLimits.remembered { ended.removeFirst() }
      orders.append(.forget(hold.key))
    }
    return orders
  }
}
