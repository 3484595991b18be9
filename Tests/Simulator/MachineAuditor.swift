import CutProtocol
import Model

/// Watches every step of every member's machine from outside.
enum MachineAuditor {
  static func check(
    _ world: World, _ attempt: NodeAttempt, before: MemberHold, event: MemberHold.Event,
    actions: [MemberHold.Action], at now: Duration
  ) {
    let after = attempt.machine
    if after.state != before.state { world.census.count("member:\(Naming.of(after.state))") }
    let freezes = actions.contains { if case .takeHolds = $0 { true } else { false } }
    if freezes {
      if case .order(.freeze) = event {
      } else {
        world.violate("S17", "\(event) made \(attempt.member.name) freeze")
      }
      if before.lease != nil {
        world.violate("S4", "\(attempt.fence) froze \(attempt.member.name) twice")
      }
      let others = world.nodes.flatMap(\.attempts).filter {
        $0 !== attempt && $0.service == attempt.service && $0.machine.mayBeHeld
      }
      if let other = others.first {
        world.violate(
          "S18", "\(attempt.fence) and \(other.fence) hold \(attempt.member.name) together")
      }
    }
    if case .freezing = before.state, after.state == .held, let lease = after.lease,
      now >= lease.begunAt + CutTimes().lease
    {
      world.census.count("member:held-after-its-first-lease")
    }
    if case .order(.renew) = event, !before.mayBeHeld, after.mayBeHeld {
      world.violate("S7", "a renewal revived \(attempt.member.name)")
    }
    if attempt.earned?.ended(at: now) != nil, after.state == .freezing || after.state == .held {
      world.violate("L1", "\(attempt.member.name) is still held after its lease")
    }
  }
}
