import CutProtocol
import GuardianWatch

/// A guardian process: the production watch, over virtual time and simulated filesystems.
final class GuardianHost: @unchecked Sendable {
  private(set) var isAlive = true
  private var watch = GuardianWatch()
  private var node: NodeHost?
  private var stalledUntil = Duration.zero
  private var holds: [HoldKey: Int] = [:]
  /// The earliest moment for which it will wake.
  private var wakesAt: Duration?

  func attach(_ node: NodeHost) { self.node = node }

  static func key(_ hold: HoldID) -> HoldKey { HoldKey("\(hold)") }

  func guards(_ hold: HoldID) -> Bool { isAlive && holds[Self.key(hold)] != nil }

  /// It was armed, and has not begun to end the hold.
  func isArmed(_ hold: HoldID) -> Bool {
    guard guards(hold), let node else { return false }
    var copy = watch
    return copy.renew(Self.key(hold), lease: .zero, now: node.machine.now) == .renewed
  }

  func arm(_ hold: HoldID, service: Int, lease: Duration, cap: Duration) -> GuardianWatch.ArmAnswer
  {
    guard let node else { return .refused("nowhere") }
    holds[Self.key(hold)] = service
    let answer = watch.arm(
      Self.key(hold), actions: [.thaw], lease: lease, cap: cap, now: node.machine.now)
    schedule()
    return answer
  }

  func renew(_ hold: HoldID, lease: Duration) -> GuardianWatch.RenewAnswer {
    guard let node else { return .notArmed }
    let answer = watch.renew(Self.key(hold), lease: lease, now: node.machine.now)
    schedule()
    return answer
  }

  func disarm(_ hold: HoldID) -> GuardianWatch.DisarmAnswer {
    guard let node else { return .unknown }
    let (answer, orders) = watch.disarm(Self.key(hold), now: node.machine.now)
    perform(orders)
    return answer
  }

  /// A lease of nothing, which has passed when the next message is read.
  func end(_ hold: HoldID) {
    guard let node else { return }
    _ = watch.renew(Self.key(hold), lease: .zero, now: node.machine.now)
    perform(watch.tick(now: node.machine.now))
    schedule()
  }

  func die() {
    isAlive = false
    holds = [:]
  }

  func stall(until time: Duration) { stalledUntil = time }

  /// The agent's end of the socket has closed.
  func agentEnded() {
    guard let node, isAlive else { return }
    node.world.timeline.after(.milliseconds(2)) { [self] in
      whenRunning { [self] in
        perform(watch.peerClosed(now: node.machine.now))
        schedule()
        if watch.isFinished { die() }
      }
    }
  }

  private func whenRunning(_ work: @escaping () -> Void) {
    guard let timeline = node?.world.timeline, isAlive else { return }
    if timeline.now >= stalledUntil { return work() }
    timeline.after(stalledUntil - timeline.now) { [self] in whenRunning(work) }
  }

  private func schedule() {
    guard let node, isAlive, let deadline = watch.nextDeadline else { return }
    guard wakesAt.map({ deadline < $0 }) ?? true else { return }
    wakesAt = deadline
    let timeline = node.world.timeline
    timeline.after(node.machine.drift.wait(until: deadline, at: timeline.now)) { [self] in
      whenRunning { [self] in
        if wakesAt == deadline { wakesAt = nil }
        perform(watch.tick(now: node.machine.now))
        schedule()
      }
    }
  }

  private func perform(_ orders: [GuardianWatch.Order]) {
    guard let node else { return }
    for order in orders {
      switch order {
      case .forget(let key): holds[key] = nil
      case .start(let key, let action):
        let service = holds[key]
        node.world.timeline.after(.microseconds(300)) { [self] in
          whenRunning { [self] in
            let ended = service.flatMap { node.world.opened($0, by: "guardian of \(node.id)") }
            perform(
              watch.actionEnded(
                key, action: action, outcome: ended == nil ? .nothingFrozen : .done,
                now: node.machine.now))
            schedule()
            if watch.isFinished { die() }
          }
        }
      }
    }
  }
}
