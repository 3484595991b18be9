import Model
import Testing

@testable import CutProtocol

/// The straight way of one member from prepare to settled.
@Suite struct MemberHoldPathTests {
  typealias Driver = MemberHoldDriver

  @Test func `every step of a good cut gives exactly its actions`() {
    var driver = Driver()
    #expect(
      driver.feed(.prepared(Fixture.preparation())) == [
        .report(.prepared(Fixture.hold(1), Fixture.preparation()))
      ])
    #expect(
      driver.order(driver.freezeOrder) == [.takeHolds(lease: Driver.lease, cap: Driver.cap)])
    #expect(driver.feed(.holdsTaken) == [.report(.frozen(Fixture.hold(1))), .cutSnapshots])
    #expect(driver.order(driver.witnessOrder) == [])
    #expect(driver.feed(.snapshotsCut) == [.thaw(.complete)])
    #expect(driver.feed(.thawed(intact: true)) == [.certify])
    #expect(
      driver.feed(.certified(driver.certificate)) == [.report(.certified(driver.certificate))])
    #expect(driver.order(driver.settledOrder) == [.forget])
    #expect(driver.machine.state == .ended(reason: "settled"))
  }

  @Test func `snapshots that are cut before the witness wait for it`() {
    var driver = Driver.reached(.held)
    #expect(driver.feed(.snapshotsCut) == [])
    #expect(driver.machine.state == .held)
    #expect(driver.order(driver.witnessOrder) == [.thaw(.complete)])
  }

  @Test func `a witness alone never thaws`() {
    var driver = Driver.reached(.held)
    driver.order(driver.witnessOrder)
    #expect(driver.machine.state == .held)
    #expect(driver.machine.witness == Fixture.witness())
  }

  @Test func `a refused prepare ends the attempt and closes what was opened`() {
    var driver = Driver()
    let refusal = Refusal(.hazard, "/data shares its filesystem with the agent's state")
    #expect(driver.feed(.prepareFailed(refusal)) == [.report(.refused(refusal)), .discard])
    #expect(driver.machine.state == .ended(reason: refusal.message))
  }

  @Test func `the freeze order's callers are kept for the statement`() {
    var driver = Driver.reached(.prepared)
    let callers = Fixture.witness([Fixture.checkout])
    driver.order(.freeze(fence: Fixture.fence, member: Fixture.orders, after: callers))
    #expect(driver.machine.heldAfter == callers)
  }

  @Test func `a prepared member that is not frozen in time lets go`() {
    var driver = Driver.reached(.prepared)
    driver.now += MemberHold.preparedLimit
    #expect(driver.machine.nextDeadline == driver.now)
    let refusal = Refusal(.expired, "orders was prepared, but no freeze followed in time")
    #expect(driver.feed(.tick) == [.report(.nack(refusal)), .discard])
  }

  @Test func `a hold that was not intact at its thaw is certified as what it was`() {
    var driver = Driver.reached(.thawing)
    #expect(driver.feed(.thawed(intact: false)) == [.certify])
  }

  @Test func `a certificate found after a restart is given to who asks`() {
    let certificate = Fixture.certificate("from the ledger")
    var machine = MemberHold(
      recovered: certificate, fence: Fixture.fence, member: Fixture.orders, hold: Fixture.hold(1))
    let query = CutOrder.query(fence: Fixture.fence, member: Fixture.orders)
    #expect(machine.apply(.order(query), at: .zero) == [.report(.certified(certificate))])
    #expect(machine.mayBeHeld == false)
    #expect(machine.nextDeadline == nil)
  }
}
