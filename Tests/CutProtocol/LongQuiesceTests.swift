import Model
import Testing

@testable import CutProtocol

/// A member whose hold takes longer to be complete than its lease, with both machines and what passes between them.
@Suite struct LongQuiesceTests {
  /// One cut of one member, second by second.
  private struct Pair {
    var coordinator: CoordinatorDriver
    var member = MemberHoldDriver()
    /// Loses every renewal on its way.
    var losesRenewals = false
    var result: CoordinatorCut.Result?
    var thaws: [ThawCause] = []

    init(budget: Duration) throws {
      let plan = try Fixture.plan(
        [Fixture.member(Fixture.orders)],
        freeze: .init(budget: budget, cap: MemberHoldDriver.cap))
      coordinator = CoordinatorDriver(plan)
      carry(coordinator.feed(.tick))
    }

    mutating func pass(_ time: Duration) {
      coordinator.now += time
      member.now += time
      obey(member.feed(.tick))
      carry(coordinator.feed(.tick))
    }

    mutating func happen(_ event: MemberHold.Event) { obey(member.feed(event)) }

    private mutating func carry(_ actions: [CoordinatorCut.Action]) {
      for action in actions {
        switch action {
        case .send(.renew, _) where losesRenewals: break
        case .send(.prepare, _): obey(member.feed(.prepared(Fixture.preparation())))
        case .send(let order, _): obey(member.feed(.order(order)))
        case .finish(let result): self.result = result
        case .begin, .keep, .log: break
        }
      }
    }

    private mutating func obey(_ actions: [MemberHold.Action]) {
      for action in actions {
        switch action {
        case .report(let news): if let event = event(news) { carry(coordinator.feed(event)) }
        case .cutSnapshots: happen(.snapshotsCut)
        case .thaw(let cause):
          thaws.append(cause)
          happen(.thawed(intact: true))
        case .certify: happen(.certified(member.certificate))
        case .takeHolds, .announceCut, .renewGuardian, .discard, .cleanUp, .forget: break
        }
      }
    }

    private func event(_ news: CutReport.News) -> CoordinatorCut.Event? {
      let name = Fixture.orders
      switch news {
      case .prepared(let hold, let preparation): return .prepared(name, hold, preparation)
      case .frozen(let hold): return .frozen(name, hold)
      case .cut(let snapshots): return .cut(name, snapshots)
      case .nack(let refusal), .refused(let refusal): return .nack(name, refusal)
      case .ended(let reason): return .ended(name, reason: reason)
      case .certified(let certificate):
        guard let plan = coordinator.sealed.plan.member(name) else { return nil }
        return .certified(
          certificate,
          Fixture.statement(
            of: plan, in: coordinator.sealed, witness: Fixture.witness([Fixture.orders])))
      }
    }
  }

  @Test func `five seconds of quiescing within a budget of eight earn a certificate`() throws {
    var pair = try Pair(budget: .seconds(8))
    for _ in 0..<5 { pair.pass(.seconds(1)) }
    #expect(pair.member.machine.state == .freezing)
    pair.happen(.holdsTaken)
    #expect(pair.thaws == [.complete])
    let evidence = GroupEvidence(
      group: 0, fence: Fixture.fence, certificates: [pair.member.certificate])
    #expect(pair.result == .evidence(evidence))
  }

  @Test func `without renewals the same quiesce ends at its lease`() throws {
    var pair = try Pair(budget: .seconds(8))
    pair.losesRenewals = true
    for _ in 0..<3 { pair.pass(.seconds(1)) }
    #expect(pair.thaws == [.leaseExpired])
    pair.happen(.holdsTaken)
    #expect(!pair.member.machine.mayBeHeld)
    #expect(pair.result == nil)
  }

  @Test func `a quiesce beyond the budget is renewed no more, and ends one lease later at most`()
    throws
  {
    var pair = try Pair(budget: .seconds(2))
    for _ in 0..<3 { pair.pass(.seconds(1)) }
    #expect(pair.thaws == [])
    pair.pass(.seconds(1))
    #expect(pair.thaws == [.leaseExpired])
  }

  @Test func `a quiesce that never ends is renewed to the cap and no further`() throws {
    var pair = try Pair(budget: MemberHoldDriver.cap)
    for _ in 0..<9 { pair.pass(.seconds(1)) }
    #expect(pair.thaws == [])
    pair.pass(.seconds(1))
    #expect(pair.thaws == [.capReached])
  }
}
