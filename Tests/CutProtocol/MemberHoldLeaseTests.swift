import Model
import Testing

@testable import CutProtocol

/// L1, L2 and S7 at the machine of one member.
@Suite struct MemberHoldLeaseTests {
  typealias Driver = MemberHoldDriver

  private static let expired = Refusal(
    .expired, "the hold of orders was not renewed within its lease")
  private static let incomplete = Refusal(
    .expired, "the hold of orders was not complete when its lease ran out",
    hint: "a hold that takes longer to be complete needs a higher spec.freeze.budget and cap")

  @Test(arguments: [(Driver.StateName.freezing, incomplete), (.held, expired)])
  func `a lease that runs out thaws, and nothing is certified`(
    from: Driver.StateName, refusal: Refusal
  ) {
    var driver = Driver.reached(from)
    driver.now += Driver.lease
    #expect(driver.machine.nextDeadline == driver.now)
    #expect(driver.feed(.tick) == [.thaw(.leaseExpired)])
    #expect(
      driver.feed(.thawed(intact: true)) == [
        .report(.nack(refusal)), .cleanUp(reason: refusal.message),
      ])
  }

  @Test(arguments: [Driver.StateName.freezing, .held])
  func `a renewal on time extends the lease and tells the guardian`(from: Driver.StateName) {
    var driver = Driver.reached(from)
    driver.now += .seconds(2)
    #expect(driver.order(driver.renewOrder()) == [.renewGuardian(lease: Driver.lease)])
    #expect(driver.machine.nextDeadline == driver.now + Driver.lease)
  }

  @Test(arguments: [Driver.StateName.freezing, .held])
  func `a late renewal never revives a hold`(from: Driver.StateName) {
    var driver = Driver.reached(from)
    driver.now += Driver.lease
    #expect(driver.order(driver.renewOrder()) == [.thaw(.leaseExpired)])
    #expect(driver.order(driver.renewOrder()) == [])
    #expect(driver.machine.state == .thawing(.leaseExpired))
  }

  @Test func `neither witness nor snapshot nor certificate saves a hold whose lease has run out`() {
    for late in [
      MemberHold.Event.order(Driver().witnessOrder), .snapshotsCut, .holdsTaken, .tick,
      .order(Driver().freezeOrder), .order(Driver().queryOrder),
    ] {
      var driver = Driver.reached(.held)
      driver.now += Driver.lease
      #expect(driver.feed(late) == [.thaw(.leaseExpired)])
    }
  }

  @Test(arguments: [
    (Driver.StateName.freezing, "was not complete when it reached its cap", incomplete.hint),
    (.held, "reached its cap", nil),
  ])
  func `renewals up to the cap end at the cap`(
    from: Driver.StateName, text: String, hint: String?
  ) {
    var driver = Driver.reached(from)
    let begun = driver.now
    for _ in 0..<9 {
      driver.now += .seconds(1)
      driver.order(driver.renewOrder(lease: .seconds(600)))
    }
    #expect(driver.machine.nextDeadline == begun + Driver.cap)
    driver.now = begun + Driver.cap
    #expect(driver.order(driver.renewOrder()) == [.thaw(.capReached)])
    let refusal = Refusal(.expired, "the hold of orders \(text)", hint: hint)
    #expect(
      driver.feed(.thawed(intact: true)) == [
        .report(.nack(refusal)), .cleanUp(reason: refusal.message),
      ])
  }

  @Test func `a plan cannot raise the cap above a minute`() {
    var machine = MemberHold(
      fence: Fixture.fence, member: Fixture.orders, hold: Fixture.hold(1), lease: .seconds(900),
      cap: .seconds(900))
    _ = machine.apply(.prepared(Fixture.preparation()), at: .zero)
    let actions = machine.apply(.order(Driver().freezeOrder), at: .zero)
    #expect(actions == [.takeHolds(lease: .seconds(900), cap: .seconds(60))])
    #expect(machine.nextDeadline == .seconds(60))
  }

  @Test func `a renewal of another hold is refused and extends nothing`() {
    var driver = Driver.reached(.held)
    let deadline = driver.machine.nextDeadline
    driver.now += .seconds(1)
    let refusal = Refusal(.failed, "orders cannot follow this order in state held")
    #expect(driver.order(driver.renewOrder(of: Fixture.hold(2))) == [.report(.nack(refusal))])
    #expect(driver.machine.nextDeadline == deadline)
  }

  @Test(arguments: [
    Driver.StateName.preparing, .prepared, .thawing, .certifying, .certified, .ended,
  ])
  func `a renewal never turns not-held into held`(from: Driver.StateName) {
    var driver = Driver.reached(from)
    let before = driver.machine.state
    driver.order(driver.renewOrder())
    #expect(driver.machine.state == before)
  }

  @Test func `a renewal that has overtaken its freeze neither begins a hold nor refuses it`() {
    var driver = Driver.reached(.prepared)
    #expect(driver.order(driver.renewOrder()) == [])
    #expect(driver.machine.lease == nil)
    #expect(
      driver.order(driver.freezeOrder) == [.takeHolds(lease: Driver.lease, cap: Driver.cap)])
    #expect(driver.machine.nextDeadline == driver.now + Driver.lease)
  }
}
