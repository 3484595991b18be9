import Testing

@testable import GuardianWatch

@Suite struct `The guardian's watch` {
  private let key = HoldKey("a")
  private let start = Duration.seconds(100)

  private func armed(_ actions: [RescueKind] = [.thaw], lease: Duration = .seconds(3))
    -> GuardianWatch
  {
    var watch = GuardianWatch()
    #expect(watch.arm(key, actions: actions, lease: lease, cap: .seconds(10), now: start) == .armed)
    return watch
  }

  @Test func `a hold whose lease passes is ended, and not a moment before`() {
    var watch = armed()
    #expect(watch.nextDeadline == start + .seconds(3))
    #expect(watch.tick(now: start + .milliseconds(2999)) == [])
    #expect(watch.tick(now: start + .seconds(3)) == [.start(key, action: 0)])
    #expect(
      watch.actionEnded(key, action: 0, outcome: .done, now: start + .seconds(3)) == [.forget(key)])
    #expect(watch.disarm(key, now: start + .seconds(4)).0 == .rescued)
  }

  @Test func `renewals move the lease but never the cap`() {
    var watch = armed()
    var now = start
    while now < start + .seconds(10) {
      #expect(watch.tick(now: now) == [])
      #expect(watch.renew(key, lease: .seconds(3), now: now) == .renewed)
      now += .milliseconds(500)
    }
    #expect(watch.renew(key, lease: .seconds(3), now: now) == .rescued)
    #expect(watch.tick(now: now) == [.start(key, action: 0)])
  }

  @Test func `a renewal that comes after the lease revives nothing`() {
    var watch = armed()
    #expect(watch.renew(key, lease: .seconds(3), now: start + .seconds(3)) == .rescued)
    #expect(watch.tick(now: start + .seconds(3)) == [.start(key, action: 0)])
    #expect(watch.renew(HoldKey("b"), lease: .seconds(3), now: start) == .notArmed)
  }

  @Test func `a disarmed hold is forgotten`() {
    var watch = armed()
    let (answer, orders) = watch.disarm(key, now: start)
    #expect(answer == .idle)
    #expect(orders == [.forget(key)])
    #expect(watch.nextDeadline == nil)
    #expect(watch.disarm(key, now: start).0 == .unknown)
  }

  @Test func `the agent's end ends every hold at once, the newest first`() {
    var watch = armed()
    let newer = HoldKey("b")
    _ = watch.arm(newer, actions: [.kill], lease: .seconds(3), cap: .seconds(3), now: start)
    #expect(watch.peerClosed(now: start) == [.start(newer, action: 0), .start(key, action: 0)])
    #expect(!watch.isFinished)
    _ = watch.actionEnded(newer, action: 0, outcome: .failed, now: start)
    _ = watch.actionEnded(key, action: 0, outcome: .nothingFrozen, now: start)
    #expect(watch.isFinished)
    #expect(
      watch.arm(HoldKey("c"), actions: [.thaw], lease: .seconds(1), cap: .seconds(1), now: start)
        == .refused("the agent is gone"))
  }

  @Test func `an action that hangs delays the next by no more than the patience`() {
    var watch = armed([.thaw, .kill])
    let expiry = start + .seconds(3)
    #expect(watch.tick(now: expiry) == [.start(key, action: 0)])
    #expect(watch.nextDeadline == expiry + GuardianLimits.patience)
    #expect(watch.tick(now: expiry + GuardianLimits.patience) == [.start(key, action: 1)])
    #expect(watch.actionEnded(key, action: 1, outcome: .done, now: expiry + .seconds(1)) == [])
    #expect(
      watch.actionEnded(key, action: 0, outcome: .done, now: expiry + .seconds(9)) == [.forget(key)]
    )
  }

  @Test func `a thaw that came before the freeze was complete is tried again until it finds it`() {
    var watch = armed()
    var now = start + .seconds(3)
    #expect(watch.tick(now: now) == [.start(key, action: 0)])
    for _ in 0..<50 {
      #expect(watch.actionEnded(key, action: 0, outcome: .nothingFrozen, now: now) == [])
      guard let next = watch.nextDeadline else { Issue.record("no further try"); return }
      #expect(next - now <= .milliseconds(250))
      now = next
      #expect(watch.tick(now: now) == [.start(key, action: 0)])
    }
    #expect(watch.actionEnded(key, action: 0, outcome: .done, now: now) == [.forget(key)])
  }

  @Test func `once the agent says that it has thawed, no further thaw is tried`() {
    var watch = armed()
    let now = start + .seconds(3)
    _ = watch.tick(now: now)
    _ = watch.actionEnded(key, action: 0, outcome: .nothingFrozen, now: now)
    let (answer, orders) = watch.disarm(key, now: now)
    #expect(answer == .rescued)
    #expect(orders == [.forget(key)])
    #expect(watch.nextDeadline == nil)
  }

  @Test func `nor is one that is under way when the agent says so repeated`() {
    var watch = armed()
    let now = start + .seconds(3)
    #expect(watch.tick(now: now) == [.start(key, action: 0)])
    let (answer, none) = watch.disarm(key, now: now)
    #expect(answer == .rescuing)
    #expect(none == [])
    let orders = watch.actionEnded(key, action: 0, outcome: .nothingFrozen, now: now)
    #expect(orders == [.forget(key)])
    #expect(watch.disarm(key, now: now).0 == .rescued)
  }

  @Test func `a thaw is tried for as long as the freeze may still come into force`() {
    var watch = armed()
    var now = start + .seconds(3)
    var orders = watch.tick(now: now)
    for _ in 0..<10_000 {
      #expect(orders == [.start(key, action: 0)])
      #expect(watch.actionEnded(key, action: 0, outcome: .nothingFrozen, now: now) == [])
      now += .milliseconds(250)
      orders = watch.tick(now: now)
    }
    #expect(watch.actionEnded(key, action: 0, outcome: .done, now: now) == [.forget(key)])
  }

  @Test func `what cannot be guarded is refused`() {
    var watch = armed()
    func refused(_ key: String, _ actions: [RescueKind], lease: Duration, cap: Duration) -> Bool {
      guard
        case .refused = watch.arm(
          HoldKey(key), actions: actions, lease: lease, cap: cap, now: start)
      else { return false }
      return true
    }
    #expect(refused("a", [.thaw], lease: .seconds(1), cap: .seconds(1)))
    #expect(refused("b", [], lease: .seconds(1), cap: .seconds(1)))
    #expect(refused("b", [.thaw], lease: .zero, cap: .seconds(1)))
    #expect(refused("b", [.thaw], lease: .seconds(1), cap: .seconds(66)))
    #expect(
      refused("b", Array(repeating: .thaw, count: 65), lease: .seconds(1), cap: .seconds(1)))
  }
}
