import CutProtocol
import Model

/// Watches every step of every machine, and keeps the lease of each hold by its own count.
final class StepAuditor: StepObserver, @unchecked Sendable {
  private let world: World
  /// What renewals have really earned, by hold.
  private var earned: [HoldID: HoldLease] = [:]

  init(world: World) { self.world = world }

  func earnedLease(_ hold: HoldID) -> HoldLease? { earned[hold] }

  func cutStepped(
    from before: CoordinatorCut, by event: CoordinatorCut.Event, to after: CoordinatorCut,
    _ actions: [CoordinatorCut.Action]
  ) {
    world.census.count("cut:\(Naming.of(before.state))×\(Naming.of(event))")
    world.census.count("cut-enters:\(Naming.of(after.state))")
    if case .waiting = after.state, case .witnessed = before.state {
      world.census.count("driver:witnessed-attempt-abandoned")
    }
    if after.state != before.state {
      world.trace("cut \(after.fence) is \(Naming.of(after.state)) by \(Naming.of(event))")
    }
  }

  func memberStepped(
    from before: MemberHold, by event: MemberHold.Event, to after: MemberHold,
    _ actions: [MemberHold.Action]
  ) {
    world.census.count("member:\(Naming.of(before.state))×\(Naming.of(event))")
    if after.state != before.state {
      world.census.count("member-enters:\(Naming.of(after.state))")
      world.trace(
        "\(after.member) \(after.fence) is \(Naming.of(after.state)) by \(Naming.of(event))")
    }
    if case .thawing(let cause) = after.state, before.state != after.state {
      world.census.count("thaw:\(cause.rawValue)")
    }
    guard let node = world.node(of: after.hold) else { return }
    if case .order(.renew(_, _, let hold, let lease)) = event, hold == after.hold {
      renew(before, lease, on: node)
      if !before.mayBeHeld, after.mayBeHeld {
        world.violate("S7", "a renewal revived \(after.member)")
      }
    }
    checkFreeze(before, event, after, actions, on: node)
    checkLease(after, on: node)
  }

  private func renew(_ machine: MemberHold, _ lease: Duration, on node: NodeHost) {
    let now = node.machine.now
    guard machine.state == .held || machine.state == .freezing,
      earned[machine.hold]?.ended(at: now) == nil
    else { return }
    earned[machine.hold]?.renew(at: now, lease: lease)
    world.publishLimits(machine.hold, node, earned[machine.hold])
  }

  private func checkFreeze(
    _ before: MemberHold, _ event: MemberHold.Event, _ after: MemberHold,
    _ actions: [MemberHold.Action], on node: NodeHost
  ) {
    for action in actions {
      guard case .takeHolds(let lease, let cap) = action else { continue }
      if case .order(.freeze) = event {
      } else {
        world.violate("S17", "\(Naming.of(event)) made \(after.member) freeze")
      }
      if earned[after.hold] != nil {
        world.violate("S4", "\(after.fence) froze \(after.member) twice")
      }
      world.froze(after.fence, after.member, on: node)
      earned[after.hold] = HoldLease(at: node.machine.now, lease: lease, cap: cap)
      node.highest = max(node.highest, after.fence)
    }
  }

  private func checkLease(_ after: MemberHold, on node: NodeHost) {
    guard earned[after.hold]?.ended(at: node.machine.now) != nil else { return }
    if after.state == .freezing || after.state == .held {
      world.violate("L1", "\(after.member) is still held after its lease")
    }
  }
}
