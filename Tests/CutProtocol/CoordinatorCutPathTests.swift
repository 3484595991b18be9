import Model
import Testing

@testable import CutProtocol

/// A cut that goes well, step by step.
@Suite struct CoordinatorCutPathTests {
  private let orders = Fixture.orders
  private let payments = Fixture.payments

  @Test func `an attempt is stored before anybody is asked`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    let actions = driver.tick().decisive
    #expect(
      actions == [
        .begin(Fixture.fence, [orders, payments]),
        .send(
          .prepare(
            fence: Fixture.fence, member: orders, plan: driver.sealed.bytes, lease: .seconds(3)),
          to: Fixture.node(of: orders)),
        .send(
          .prepare(
            fence: Fixture.fence, member: payments, plan: driver.sealed.bytes, lease: .seconds(3)),
          to: Fixture.node(of: payments)),
      ])
  }

  @Test func `nobody is frozen before everybody is prepared`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.tick()
    #expect(
      driver.feed(.prepared(orders, Fixture.hold(1, of: orders), Fixture.preparation())).decisive
        == [])
    #expect(
      driver.feed(.prepared(payments, Fixture.hold(1, of: payments), Fixture.preparation()))
        .decisive == [
          driver.freezeOrder(orders), driver.freezeOrder(payments),
        ])
  }

  @Test func `the witness is built once everybody is held, and names exactly those holds`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.prepare(orders, payments)
    #expect(driver.feed(.frozen(payments, Fixture.hold(1, of: payments))).decisive == [])
    #expect(
      driver.feed(.frozen(orders, Fixture.hold(1, of: orders))).decisive == [
        driver.witnessOrder(orders, Fixture.witness()),
        driver.witnessOrder(payments, Fixture.witness()),
      ])
  }

  @Test func `the last certificate makes evidence, each certificate stored before`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.prepare(orders, payments)
    driver.freeze(orders, payments)
    #expect(
      try driver.certify(payments, witness: Fixture.witness()).decisive == [
        .keep(CoordinatorDriver.certificate(of: payments), Fixture.fence, payments)
      ])
    let evidence = GroupEvidence(
      group: 0, fence: Fixture.fence,
      certificates: [orders, payments].map(CoordinatorDriver.certificate))
    #expect(
      try driver.certify(orders, witness: Fixture.witness()).decisive == [
        .keep(CoordinatorDriver.certificate(of: orders), Fixture.fence, orders),
        .finish(.evidence(evidence)),
      ])
    #expect(driver.machine.isFinished)
    #expect(driver.machine.nextDeadline == nil)
  }

  @Test func `a cut of one group leaves the members of other groups alone`() throws {
    let plan = try Fixture.plan(
      [Fixture.member(orders, group: 0), Fixture.member(payments, group: 1)], policy: .groups)
    var driver = CoordinatorDriver(plan, group: 1)
    driver.prepare(payments)
    driver.freeze(payments)
    let actions = try driver.certify(payments, witness: Fixture.witness([payments])).decisive
    #expect(
      actions.last
        == .finish(
          .evidence(
            GroupEvidence(
              group: 1, fence: Fixture.fence,
              certificates: [CoordinatorDriver.certificate(of: payments)]))))
  }

  @Test func `a drained cut freezes callers first and names their holds to the next level`() throws
  {
    let checkout = Fixture.checkout
    let plan = try Fixture.plan(
      [
        Fixture.member(checkout, level: 2), Fixture.member(orders, level: 1),
        Fixture.member(payments, level: 1),
      ], freeze: .init(drain: true))
    var driver = CoordinatorDriver(plan)
    driver.tick()
    driver.feed(.prepared(checkout, Fixture.hold(1, of: checkout), Fixture.preparation()))
    driver.feed(.prepared(orders, Fixture.hold(1, of: orders), Fixture.preparation()))
    #expect(
      driver.feed(.prepared(payments, Fixture.hold(1, of: payments), Fixture.preparation()))
        .decisive == [
          driver.freezeOrder(checkout)
        ])
    #expect(
      driver.feed(.frozen(checkout, Fixture.hold(1, of: checkout))).decisive == [
        driver.freezeOrder(orders, after: [checkout]),
        driver.freezeOrder(payments, after: [checkout]),
      ])
  }

  @Test func `whoever was told to freeze is renewed each second, and nobody else`() throws {
    let checkout = Fixture.checkout
    let plan = try Fixture.plan(
      [
        Fixture.member(checkout, level: 1), Fixture.member(orders, level: 1),
        Fixture.member(payments),
      ], freeze: .init(drain: true))
    var driver = CoordinatorDriver(plan)
    driver.prepare(checkout, orders, payments)
    driver.freeze(checkout)
    #expect(driver.machine.nextDeadline == driver.now + .seconds(1))
    #expect(
      driver.tick(after: .seconds(1)).decisive == [
        driver.renewOrder(checkout), driver.freezeOrder(orders), driver.renewOrder(orders),
      ])
  }

  @Test func `a witness that is not answered is sent again with each renewal`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.prepare(orders, payments)
    driver.freeze(orders, payments)
    _ = try driver.certify(orders, witness: Fixture.witness())
    #expect(
      driver.tick(after: .seconds(1)).decisive == [
        driver.renewOrder(payments), driver.witnessOrder(payments, Fixture.witness()),
      ])
  }

  @Test func `a freeze order that is not answered is sent again with each renewal`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.prepare(orders, payments)
    driver.freeze(orders)
    #expect(
      driver.tick(after: .seconds(1)).decisive == [
        driver.renewOrder(orders), driver.freezeOrder(payments), driver.renewOrder(payments),
      ])
  }
}
