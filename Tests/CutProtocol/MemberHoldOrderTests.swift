import Model
import Testing

@testable import CutProtocol

/// Orders that come twice, late, or in the wrong state.
@Suite struct MemberHoldOrderTests {
  typealias Driver = MemberHoldDriver

  @Test(arguments: Driver.StateName.allCases)
  func `only the first freeze order of a fence freezes`(state: Driver.StateName) {
    var driver = Driver.reached(state)
    let actions = driver.order(driver.freezeOrder)
    let frozen = actions.contains { if case .takeHolds = $0 { true } else { false } }
    #expect(frozen == (state == .prepared))
  }

  @Test(arguments: Driver.StateName.allCases)
  func `no order but freeze ever takes a hold`(state: Driver.StateName) {
    let orders = [
      Driver().abortOrder, Driver().queryOrder, Driver().settledOrder, Driver().witnessOrder,
      Driver().renewOrder(),
    ]
    for order in orders {
      var driver = Driver.reached(state)
      let actions = driver.order(order)
      #expect(!actions.contains { if case .takeHolds = $0 { true } else { false } })
    }
  }

  @Test func `a freeze order that comes again while held is answered with the same hold`() {
    var driver = Driver.reached(.held)
    #expect(driver.order(driver.freezeOrder) == [.report(.frozen(Fixture.hold(1)))])
  }

  @Test func `a witness that comes again after the thaw is answered with the certificate`() {
    var driver = Driver.reached(.certified)
    #expect(driver.order(driver.witnessOrder) == [.report(.certified(driver.certificate))])
  }

  @Test(arguments: [Driver.StateName.thawing, .certifying])
  func `a query during thaw or certification is answered by what comes of them`(
    state: Driver.StateName
  ) {
    var driver = Driver.reached(state)
    #expect(driver.order(driver.queryOrder) == [])
  }

  @Test func `a query before the freeze lets go: no witness can name the member any more`() {
    let reason = "its attempt was over before it was held"
    var prepared = Driver.reached(.prepared)
    #expect(prepared.order(prepared.queryOrder) == [.report(.ended(reason: reason)), .discard])
    var preparing = Driver.reached(.preparing)
    #expect(preparing.order(preparing.queryOrder) == [.report(.ended(reason: reason))])
    #expect(preparing.feed(.prepared(Fixture.preparation())) == [.discard])
    for var driver in [prepared, preparing] {
      let actions = driver.order(driver.freezeOrder)
      #expect(!actions.contains { if case .takeHolds = $0 { true } else { false } })
      #expect(driver.order(driver.queryOrder) == [.report(.ended(reason: reason))])
    }
  }

  @Test func `a query of a member that is not held any more says why it ended`() {
    var driver = Driver.reached(.prepared)
    driver.order(driver.abortOrder)
    #expect(driver.order(driver.queryOrder) == [.report(.ended(reason: "payments refused"))])
  }

  @Test func `a witness that comes before the freeze is refused`() {
    var driver = Driver.reached(.prepared)
    let refusal = Refusal(.failed, "orders cannot follow this order in state prepared")
    #expect(driver.order(driver.witnessOrder) == [.report(.nack(refusal))])
    #expect(driver.machine.witness == nil)
  }

  @Test func `a witness that names another hold of this member is refused`() {
    var driver = Driver.reached(.held)
    let vector = WitnessVector([Fixture.orders: Fixture.hold(2)])
    let refusal = Refusal(.failed, "orders cannot follow this order in state held")
    let actions = driver.order(
      .witness(fence: Fixture.fence, member: Fixture.orders, vector: vector))
    #expect(actions == [.report(.nack(refusal))])
    #expect(driver.machine.witness == nil)
  }

  @Test func `a second, different witness ends the hold`() {
    var driver = Driver.reached(.held)
    driver.order(driver.witnessOrder)
    let other = Fixture.witness([Fixture.orders])
    #expect(
      driver.order(.witness(fence: Fixture.fence, member: Fixture.orders, vector: other))
        == [.thaw(.failed)])
  }

  @Test func `a late witness after an expired hold is refused with the reason`() {
    var driver = Driver.reached(.held)
    driver.now += Driver.lease
    driver.feed(.tick)
    driver.feed(.thawed(intact: true))
    let refusal = Refusal(
      .expired,
      "orders is not held any more: the hold of orders was not renewed within its lease")
    #expect(driver.order(driver.witnessOrder) == [.report(.nack(refusal))])
  }

  @Test func `settled forgets the certificate, and only once`() {
    var driver = Driver.reached(.certified)
    #expect(driver.order(driver.settledOrder) == [.forget])
    #expect(driver.order(driver.settledOrder) == [])
  }

  @Test func `settled is ignored while there is nothing to settle`() {
    for state in Driver.StateName.allCases where state != .certified {
      var driver = Driver.reached(state)
      let before = driver.machine.state
      #expect(driver.order(driver.settledOrder) == [])
      #expect(driver.machine.state == before)
    }
  }
}
