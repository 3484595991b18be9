import Testing

@testable import CutProtocol

@Suite struct HoldLeaseTests {
  @Test func `a lease runs out at its deadline and not before`() {
    let lease = HoldLease(at: .seconds(5), lease: .seconds(3), cap: .seconds(10))
    #expect(lease.ended(at: .seconds(8) - .nanoseconds(1)) == nil)
    #expect(lease.ended(at: .seconds(8)) == .leaseExpired)
  }

  @Test func `renewals never carry a hold beyond its cap`() {
    var lease = HoldLease(at: .seconds(5), lease: .seconds(3), cap: .seconds(10))
    for second in 5..<15 { lease.renew(at: .seconds(second), lease: .seconds(3600)) }
    #expect(lease.deadline == .seconds(15))
    #expect(lease.ended(at: .seconds(15)) == .capReached)
  }

  @Test func `a renewal that is shorter than what is left takes nothing away`() {
    var lease = HoldLease(at: .zero, lease: .seconds(3), cap: .seconds(10))
    lease.renew(at: .seconds(1), lease: .milliseconds(1))
    #expect(lease.deadline == .seconds(3))
  }

  @Test func `no cap is longer than a minute, whatever is asked`() {
    let lease = HoldLease(at: .zero, lease: .seconds(900), cap: .seconds(900))
    #expect(lease.deadline == .seconds(60))
  }

  @Test func `a lease longer than the cap ends as the cap`() {
    let lease = HoldLease(at: .zero, lease: .seconds(30), cap: .seconds(2))
    #expect(lease.ended(at: .seconds(2)) == .capReached)
  }
}
