import Foundation
import Model

@testable import CutProtocol

/// One member's machine with short words for the events that lead it from state to state.
struct MemberHoldDriver {
  static let lease = Duration.seconds(3)
  static let cap = Duration.seconds(10)

  var machine = MemberHold(
    fence: Fixture.fence, member: Fixture.orders, hold: Fixture.hold(1), lease: lease, cap: cap)
  var now = Duration.seconds(100)

  let certificate = Fixture.certificate("certificate")
  let freezeOrder = CutOrder.freeze(
    fence: Fixture.fence, member: Fixture.orders, after: WitnessVector([:]))
  let witnessOrder = CutOrder.witness(
    fence: Fixture.fence, member: Fixture.orders, vector: Fixture.witness())
  let abortOrder = CutOrder.abort(
    fence: Fixture.fence, member: Fixture.orders, reason: "payments refused")
  let queryOrder = CutOrder.query(fence: Fixture.fence, member: Fixture.orders)
  let settledOrder = CutOrder.settled(fence: Fixture.fence, member: Fixture.orders)

  func renewOrder(of hold: HoldID = Fixture.hold(1), lease: Duration = lease) -> CutOrder {
    .renew(fence: Fixture.fence, member: Fixture.orders, hold: hold, lease: lease)
  }

  @discardableResult
  mutating func feed(_ event: MemberHold.Event) -> [MemberHold.Action] {
    machine.apply(event, at: now)
  }

  @discardableResult
  mutating func order(_ order: CutOrder) -> [MemberHold.Action] { feed(.order(order)) }

  /// A machine in the state that is named, reached on the straight way.
  static func reached(_ name: StateName) -> MemberHoldDriver {
    var driver = MemberHoldDriver()
    for step in StateName.allCases {
      driver.enter(step)
      if step == name { break }
    }
    return driver
  }

  private mutating func enter(_ state: StateName) {
    switch state {
    case .preparing: break
    case .prepared: feed(.prepared(Fixture.preparation()))
    case .freezing: order(freezeOrder)
    case .held: feed(.holdsTaken)
    case .thawing:
      order(witnessOrder)
      feed(.snapshotsCut)
    case .certifying: feed(.thawed(intact: true))
    case .certified: feed(.certified(certificate))
    case .ended: order(settledOrder)
    }
  }

  enum StateName: CaseIterable, Sendable {
    case preparing, prepared, freezing, held, thawing, certifying, certified, ended
  }
}
