import Model
import Testing

@testable import CutProtocol

/// What a strict cut does with refusals, silence, broken holds and cancellation.
@Suite struct CoordinatorCutFailureTests {
  private let orders = Fixture.orders
  private let payments = Fixture.payments
  private let busy = Refusal(.busy, "the volume is in use")

  private func driver(frozen: Bool = false) throws -> CoordinatorDriver {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.prepare(orders, payments)
    if frozen { driver.freeze(orders, payments) }
    return driver
  }

  @Test func `one refusal aborts everybody and pauses before the next attempt`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.tick()
    let sentence = "payments: the volume is in use"
    #expect(
      driver.feed(.refused(payments, busy)).decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
      ])
    #expect(driver.machine.state == .waiting(until: driver.now + .seconds(2)))
  }

  @Test func `a cause that cannot change ends the cut at once`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.tick()
    let hazard = Refusal(.hazard, "the role may not checkpoint", hint: "grant pg_checkpoint")
    let sentence = "payments: the role may not checkpoint (grant pg_checkpoint)"
    #expect(
      driver.feed(.refused(payments, hazard)).decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
        .finish(.failed(sentence: sentence)),
      ])
  }

  @Test func `three attempts are made, 2 and 10 seconds apart, and then the cut fails`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    var pauses: [Duration] = []
    for attempt in 1...3 {
      driver.tick()
      #expect(driver.fence == Fence(epoch: 4, cut: 7, attempt: UInt32(attempt)))
      let actions = driver.feed(.refused(payments, busy))
      if case .waiting(let until) = driver.machine.state {
        pauses.append(until - driver.now)
        driver.now = until
      } else {
        #expect(actions.last == .finish(.failed(sentence: "payments: the volume is in use")))
      }
    }
    #expect(pauses == [.seconds(2), .seconds(10)])
    #expect(driver.machine.isFinished)
  }

  @Test func `a pause is shorter or longer by at most a fifth, as the jitter says`() throws {
    for (jitter, expected) in [(0.0, 1600), (1.0, 2400)] {
      var machine = CoordinatorCut(
        plan: try Fixture.plan(), group: 0, fence: Fixture.fence, times: CutTimes(),
        jitter: [jitter], at: .zero)
      _ = machine.apply(.tick, at: .zero)
      _ = machine.apply(.refused(payments, busy), at: .zero)
      let pause = try #require(machine.nextDeadline)
      #expect(abs((pause - .milliseconds(expected)).inMilliseconds) < 0.001)
    }
  }

  @Test func `a later attempt takes the epoch that has grown since`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.tick()
    driver.feed(.refused(payments, Refusal(.staleFence, "fence 4.7.1 is not higher than 9.0.0")))
    driver.machine.raiseEpoch(to: 10)
    driver.machine.raiseEpoch(to: 8)
    driver.tick(after: .seconds(2))
    #expect(driver.fence == Fence(epoch: 10, cut: 7, attempt: 2))
  }

  @Test func `silence in prepare ends the attempt after its limit`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.prepare(orders)
    #expect(driver.tick(after: .seconds(30) - .nanoseconds(1)) == [])
    let sentence = "payments: did not answer prepare within 30.00 s"
    #expect(
      driver.tick(after: .nanoseconds(1)).decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
      ])
  }

  @Test func `a hold that is not reported within the cap ends the attempt`() throws {
    var driver = try driver()
    driver.freeze(orders)
    let sentence = "payments: did not report its hold within the cap"
    #expect(
      driver.tick(after: .seconds(10)).decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
      ])
  }

  @Test func `the first refusal in the freeze aborts everybody within the same event`() throws {
    var driver = try driver()
    driver.freeze(orders)
    let sentence = "payments: the volume is in use"
    #expect(
      driver.feed(.nack(payments, busy)).decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
      ])
  }

  @Test(arguments: [false, true])
  func `a member that reports another hold than it had prepared ends the attempt`(
    isHeld: Bool
  ) throws {
    var driver = try driver()
    if isHeld { driver.freeze(orders) }
    let sentence = "orders: reported another hold than the one that it had prepared"
    #expect(
      driver.feed(.frozen(orders, Fixture.hold(2))).decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
      ])
  }

  @Test func `the same hold reported twice changes nothing`() throws {
    var driver = try driver()
    driver.freeze(orders)
    #expect(driver.feed(.frozen(orders, Fixture.hold(1))) == [])
  }

  @Test func `a missing certificate ends the attempt after the cap and the time for certificates`()
    throws
  {
    var driver = try driver(frozen: true)
    _ = try driver.certify(orders, witness: Fixture.witness())
    let sentence = "payments: gave no certificate after the witness"
    #expect(
      driver.tick(after: .seconds(40)).decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
      ])
  }

  @Test func `a certificate that is not believed ends the attempt`() throws {
    var driver = try driver(frozen: true)
    let sentence = "payments: its certificate is not believed: its signature is not that of node-x"
    #expect(
      driver.feed(.rejected(payments, reason: "its signature is not that of node-x")).decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
      ])
  }

  @Test func `a certificate of an earlier attempt does not count`() throws {
    var driver = try driver(frozen: true)
    let actions = try driver.certify(orders, witness: Fixture.witness()) {
      $0.fence.attempt = 0
    }
    #expect(actions == [])
    #expect(driver.machine.members[orders]?.phase == .frozen)
  }

  @Test func `a broken hold is tried again, and the last attempt's is committed as what it proves`()
    throws
  {
    var driver = CoordinatorDriver(try Fixture.plan())
    for attempt in 1...3 {
      driver.prepare(orders, payments)
      driver.freeze(orders, payments)
      _ = try driver.certify(orders, witness: Fixture.witness())
      let actions = try driver.certify(payments, witness: Fixture.witness()) {
        $0.thaw = ThawEvidence(
          endedThisHold: false, cause: .complete, findings: ["somebody else had thawed /data"])
      }
      if attempt < 3 {
        #expect(
          actions.decisive.suffix(2) == [
            driver.abort(orders, "payments: somebody else had thawed /data"),
            driver.abort(payments, "payments: somebody else had thawed /data"),
          ])
        driver.now += .seconds(20)
      } else {
        let evidence = GroupEvidence(
          group: 0, fence: driver.fence,
          certificates: [orders, payments].map(CoordinatorDriver.certificate))
        #expect(actions.last == .finish(.evidence(evidence)))
      }
    }
  }

  @Test func `a member that is not connected fails prepare, but proves nothing once it was frozen`()
    throws
  {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.tick()
    let sentence = "payments: node-payments is not connected"
    #expect(
      driver.feed(.unreachable(payments, reason: "node-payments is not connected")).decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
      ])
    driver = try self.driver()
    #expect(driver.feed(.unreachable(payments, reason: "node-payments is not connected")) == [])
  }

  @Test func `a plan whose predicted window is above its budget freezes nobody`() throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.tick()
    driver.feed(.prepared(orders, Fixture.hold(1, of: orders), Fixture.preparation()))
    let actions = driver.feed(
      .prepared(
        payments, Fixture.hold(1, of: payments), Fixture.preparation(quiesce: .milliseconds(2500))))
    let sentence =
      "orders: its window is predicted to take 2.52 s, more than the plan's budget of 2.00 s "
      + "(raise spec.freeze.budget, or take the slow member out of this plan)"
    #expect(
      actions.decisive == [
        driver.abort(orders, sentence), driver.abort(payments, sentence),
        .finish(.failed(sentence: sentence)),
      ])
  }

  @Test func `a drained plan's budget counts every level`() throws {
    let plan = try Fixture.plan(
      [Fixture.member(orders, level: 1), Fixture.member(payments, level: 0)],
      freeze: .init(budget: .milliseconds(1500), drain: true))
    var driver = CoordinatorDriver(plan)
    driver.tick()
    driver.feed(
      .prepared(orders, Fixture.hold(1, of: orders), Fixture.preparation(quiesce: .seconds(1))))
    driver.feed(
      .prepared(payments, Fixture.hold(1, of: payments), Fixture.preparation(quiesce: .seconds(1))))
    #expect(driver.machine.isFinished)
  }

  @Test(arguments: 0..<4)
  func `cancel aborts whatever was reached and ends the cut`(steps: Int) throws {
    var driver = CoordinatorDriver(try Fixture.plan())
    driver.tick()
    if steps > 0 {
      driver.feed(.prepared(orders, Fixture.hold(1, of: orders), Fixture.preparation()))
    }
    if steps > 1 {
      driver.feed(.prepared(payments, Fixture.hold(1, of: payments), Fixture.preparation()))
    }
    if steps > 2 { driver.freeze(orders, payments) }
    let reason = "the operator cancelled the backup"
    #expect(
      driver.feed(.cancel(reason: reason)) == [
        driver.abort(orders, reason), driver.abort(payments, reason),
        .finish(.failed(sentence: reason)),
      ])
    #expect(driver.feed(.cancel(reason: reason)) == [])
    #expect(driver.tick(after: .seconds(100)) == [])
  }
}
