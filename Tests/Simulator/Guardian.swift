import CutProtocol
import Model

/// The small process beside an agent that ends holds when the agent cannot.
final class Guardian {
  struct Charge {
    var hold: HoldID
    var service: Int
    /// On the node's clock.
    var deadline: Duration
    var capEnd: Duration
  }

  private(set) var isAlive = true
  private(set) var charges: [Charge] = []
  private var rescued: [HoldID] = []
  private let timeline: Timeline
  private let clock: DriftingClock
  private let thaw: (Charge) -> Void

  init(timeline: Timeline, clock: DriftingClock, thaw: @escaping (Charge) -> Void) {
    self.timeline = timeline
    self.clock = clock
    self.thaw = thaw
  }

  private var now: Duration { clock.local(timeline.now) }

  func arm(_ hold: HoldID, service: Int, lease: Duration, cap: Duration) {
    charges.append(
      Charge(
        hold: hold, service: service, deadline: now + min(lease, cap), capEnd: now + cap))
    watch(hold)
  }

  func renew(_ hold: HoldID, lease: Duration) {
    guard let index = charges.firstIndex(where: { $0.hold == hold }) else { return }
    charges[index].deadline = max(
      charges[index].deadline, min(now + lease, charges[index].capEnd))
    watch(hold)
  }

  func disarm(_ hold: HoldID) -> GuardianWord {
    guard isAlive else { return .gone }
    charges.removeAll { $0.hold == hold }
    return rescued.contains(hold) ? .rescued : .idle
  }

  enum GuardianWord { case idle, rescued, gone }

  func die() {
    isAlive = false
    charges = []
  }

  func start() { isAlive = true }

  /// The agent's pipe has closed.
  func rescueAll() {
    for charge in charges { rescue(charge) }
  }

  private func watch(_ hold: HoldID) {
    guard let charge = charges.first(where: { $0.hold == hold }) else { return }
    timeline.after(clock.wait(until: charge.deadline, at: timeline.now)) { [self] in
      guard let charge = charges.first(where: { $0.hold == hold }), now >= charge.deadline else {
        return
      }
      rescue(charge)
    }
  }

  private func rescue(_ charge: Charge) {
    rescued.append(charge.hold)
    charges.removeAll { $0.hold == charge.hold }
    thaw(charge)
  }
}
