import Model
import Testing

@testable import CutProtocol

/// S19: who may be left out, when, and that it is recorded.
@Suite struct CoordinatorCutBestEffortTests {
  private let orders = Fixture.orders
  private let payments = Fixture.payments
  private let checkout = Fixture.checkout
  private let busy = Refusal(.busy, "the volume is in use")

  private func driver() throws -> CoordinatorDriver {
    CoordinatorDriver(
      try Fixture.plan(
        [Fixture.member(checkout), Fixture.member(orders), Fixture.member(payments)],
        policy: .bestEffort))
  }

  @Test func `a member that refuses is left out, aborted, and named in the evidence`() throws {
    var driver = try driver()
    driver.tick()
    driver.feed(.prepared(orders, Fixture.hold(1, of: orders), Fixture.preparation()))
    driver.feed(.prepared(checkout, Fixture.hold(1, of: checkout), Fixture.preparation()))
    #expect(
      driver.feed(.refused(payments, busy)).decisive == [
        driver.abort(payments, busy.message), driver.freezeOrder(checkout),
        driver.freezeOrder(orders),
      ])
    driver.freeze(checkout)
    let vector = Fixture.witness([checkout, orders])
    #expect(
      driver.feed(.frozen(orders, Fixture.hold(1))).decisive == [
        driver.witnessOrder(checkout, vector), driver.witnessOrder(orders, vector),
      ])
    _ = try driver.certify(checkout, witness: vector)
    let evidence = GroupEvidence(
      group: 0, fence: Fixture.fence,
      certificates: [checkout, orders].map(CoordinatorDriver.certificate),
      leftOut: [LeftOut(member: payments, reason: busy.message)])
    #expect(try driver.certify(orders, witness: vector).last == .finish(.evidence(evidence)))
  }

  @Test func `a member that fails in the freeze is left out before the witness`() throws {
    var driver = try driver()
    driver.prepare(checkout, orders, payments)
    driver.freeze(checkout, orders)
    let vector = Fixture.witness([checkout, orders])
    #expect(
      driver.feed(.nack(payments, busy)).decisive == [
        driver.abort(payments, busy.message),
        driver.witnessOrder(checkout, vector), driver.witnessOrder(orders, vector),
      ])
  }

  @Test func `a hold that is lost again before the witness is left out, too`() throws {
    var driver = try driver()
    driver.prepare(checkout, orders, payments)
    driver.freeze(orders, payments)
    driver.feed(.nack(payments, Refusal(.expired, "the hold of payments reached its cap")))
    let vector = Fixture.witness([checkout, orders])
    #expect(
      driver.feed(.frozen(checkout, Fixture.hold(1, of: checkout))).decisive == [
        driver.witnessOrder(checkout, vector), driver.witnessOrder(orders, vector),
      ])
  }

  @Test func `nobody is left out once the witness was sent`() throws {
    var driver = try driver()
    driver.prepare(checkout, orders, payments)
    driver.freeze(checkout, orders, payments)
    let sentence = "payments: the volume is in use"
    #expect(
      driver.feed(.nack(payments, busy)).decisive == [
        driver.abort(checkout, sentence), driver.abort(orders, sentence),
        driver.abort(payments, sentence),
      ])
  }

  @Test func `a member that knows a higher fence is not left out, but asked again with one`() throws
  {
    var driver = try driver()
    driver.tick()
    let stale = Refusal(
      .staleFence, "4.7.1 is not higher than 9.0.0",
      highestFence: Fence(epoch: 9, cut: 0, attempt: 0))
    let sentence = "payments: 4.7.1 is not higher than 9.0.0"
    #expect(
      driver.feed(.refused(payments, stale)).decisive == [
        driver.abort(checkout, sentence), driver.abort(orders, sentence),
        driver.abort(payments, sentence),
      ])
    driver.machine.raiseEpoch(to: 10)
    #expect(
      driver.tick(after: .seconds(2)).first
        == .begin(Fence(epoch: 10, cut: 7, attempt: 2), [checkout, orders, payments]))
  }

  @Test func `the last member is never left out`() throws {
    var driver = try driver()
    driver.tick()
    driver.feed(.refused(checkout, busy))
    driver.feed(.refused(orders, busy))
    let sentence = "payments: the volume is in use"
    #expect(
      driver.feed(.refused(payments, busy)).decisive == [driver.abort(payments, sentence)])
  }

  @Test func `all that are silent in prepare are left out together`() throws {
    var driver = try driver()
    driver.prepare(orders)
    let reason = "did not answer prepare within 30.00 s"
    #expect(
      driver.tick(after: .seconds(30)).decisive == [
        driver.abort(checkout, reason), driver.abort(payments, reason), driver.freezeOrder(orders),
      ])
  }

  @Test func `a new attempt asks everybody again`() throws {
    var driver = try driver()
    driver.prepare(orders, checkout)
    driver.feed(.refused(payments, busy))
    driver.freeze(checkout, orders)
    driver.feed(.nack(orders, busy))
    let actions = driver.tick(after: .seconds(2))
    #expect(
      actions.first
        == .begin(Fence(epoch: 4, cut: 7, attempt: 2), [checkout, orders, payments]))
  }
}
