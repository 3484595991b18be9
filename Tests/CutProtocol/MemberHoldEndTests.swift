import Model
import Testing

@testable import CutProtocol

/// What ends an attempt early: abort, a failure, a guardian that is gone.
@Suite struct MemberHoldEndTests {
  typealias Driver = MemberHoldDriver

  private let reason = "payments refused"

  @Test
  func
    `an abort during prepare ends the attempt, and what prepare opened is closed when it returns`()
  {
    var driver = Driver.reached(.preparing)
    #expect(driver.order(driver.abortOrder) == [.report(.ended(reason: reason))])
    #expect(driver.feed(.prepared(Fixture.preparation())) == [.discard])
    #expect(driver.machine.state == .ended(reason: reason))
  }

  @Test func `an abort of a prepared member discards`() {
    var driver = Driver.reached(.prepared)
    #expect(driver.order(driver.abortOrder) == [.report(.ended(reason: reason)), .discard])
  }

  @Test(arguments: [Driver.StateName.freezing, .held])
  func `an abort thaws at once and deletes the attempt's snapshots`(from: Driver.StateName) {
    var driver = Driver.reached(from)
    #expect(driver.order(driver.abortOrder) == [.thaw(.aborted)])
    #expect(driver.feed(.thawed(intact: true)) == [.cleanUp(reason: reason)])
    #expect(driver.machine.state == .ended(reason: reason))
  }

  @Test(arguments: [Driver.StateName.thawing, .certifying])
  func `an abort that crosses the thaw drops the certificate as soon as it exists`(
    from: Driver.StateName
  ) {
    var driver = Driver.reached(from)
    #expect(driver.order(driver.abortOrder) == [])
    if from == .thawing { driver.feed(.thawed(intact: true)) }
    let actions = driver.feed(.certified(driver.certificate))
    #expect(actions.last == .cleanUp(reason: "aborted"))
    #expect(!actions.contains(.report(.certified(driver.certificate))))
    #expect(driver.machine.state == .ended(reason: "aborted"))
  }

  @Test func `an abort of a certified member deletes its snapshots`() {
    var driver = Driver.reached(.certified)
    #expect(driver.order(driver.abortOrder).last == .cleanUp(reason: reason))
    #expect(driver.machine.state == .ended(reason: reason))
  }

  @Test func `an abort after the backup was settled deletes nothing`() {
    var driver = Driver.reached(.ended)
    #expect(driver.order(driver.abortOrder) == [.report(.ended(reason: "settled"))])
  }

  @Test func `a hold that cannot be taken thaws what it had reached`() {
    var driver = Driver.reached(.freezing)
    let refusal = Refusal(.failed, "FIFREEZE of /data failed: EIO")
    #expect(driver.feed(.holdFailed(refusal)) == [.thaw(.failed)])
    #expect(
      driver.feed(.thawed(intact: false)) == [
        .report(.nack(refusal)), .cleanUp(reason: refusal.message),
      ])
  }

  @Test func `a failed snapshot thaws at once`() {
    var driver = Driver.reached(.held)
    let refusal = Refusal(.busy, "the driver answered RESOURCE_EXHAUSTED")
    #expect(driver.feed(.snapshotFailed(refusal)) == [.thaw(.failed)])
    #expect(
      driver.feed(.thawed(intact: true)) == [
        .report(.nack(refusal)), .cleanUp(reason: refusal.message),
      ])
  }

  @Test func `a snapshot that comes back after the thaw began counts for nothing`() {
    var driver = Driver.reached(.held)
    driver.order(driver.witnessOrder)
    driver.order(driver.abortOrder)
    #expect(driver.feed(.snapshotsCut) == [])
    #expect(driver.machine.state == .thawing(.aborted))
  }

  @Test func `holds that come into force after the thaw began are not reported`() {
    var driver = Driver.reached(.freezing)
    driver.order(driver.abortOrder)
    #expect(driver.feed(.holdsTaken) == [])
    #expect(driver.machine.state == .thawing(.aborted))
  }

  @Test(arguments: [Driver.StateName.freezing, .held])
  func `a guardian that is gone ends the hold`(from: Driver.StateName) {
    var driver = Driver.reached(from)
    #expect(driver.feed(.mustEnd(reason: "the guardian is gone")) == [.thaw(.failed)])
    #expect(
      driver.feed(.thawed(intact: true)) == [
        .report(.nack(Refusal(.failed, "the guardian is gone"))),
        .cleanUp(reason: "the guardian is gone"),
      ])
  }

  @Test func `a guardian that is gone ends a member that is only prepared, too`() {
    var driver = Driver.reached(.prepared)
    #expect(
      driver.feed(.mustEnd(reason: "the guardian is gone")) == [
        .report(.nack(Refusal(.failed, "the guardian is gone"))), .discard,
      ])
  }

  @Test func `a stopping agent keeps the certificate of a hold that is over`() {
    var driver = Driver.reached(.certified)
    #expect(driver.feed(.mustEnd(reason: "the agent stops")) == [])
    #expect(driver.machine.state == .certified(driver.certificate))
  }

  @Test func `a certificate that cannot be made ends the attempt without one`() {
    var driver = Driver.reached(.certifying)
    #expect(
      driver.feed(.certifyFailed(reason: "no key")) == [
        .report(.nack(Refusal(.failed, "no key"))), .cleanUp(reason: "no key"),
      ])
  }

  @Test(arguments: Driver.StateName.allCases)
  func `every state ends by abort, and reaches ended once the shell has answered`(
    from: Driver.StateName
  ) {
    var driver = Driver.reached(from)
    driver.order(driver.abortOrder)
    driver.feed(.thawed(intact: true))
    driver.feed(.certified(driver.certificate))
    guard case .ended = driver.machine.state else {
      Issue.record("\(driver.machine.state) instead of ended")
      return
    }
    #expect(driver.machine.mayBeHeld == false)
    #expect(driver.machine.nextDeadline == nil)
  }
}
