import KubernetesClient
import Model
import Testing

@testable import CoordinatorKubernetes

private let key = ObjectKey(namespace: "stillpoint", name: "stillpoint-coordinator")

/// An API server's one lease, and the candidates that look at it.
private struct Bench {
  var lease: KubernetesObject?
  var one = LeaseElection(key: key, identity: "one")
  var other = LeaseElection(key: key, identity: "other")

  /// Looks, and writes what follows.
  mutating func look(_ candidate: WritableKeyPath<Bench, LeaseElection>, at seconds: Double)
    -> LeaseElection.Step
  {
    let now = Duration.seconds(seconds)
    let wall = Sample.now + now
    let step = self[keyPath: candidate].look(at: lease, now: now, wall: wall)
    switch step {
    case .create(let written), .replace(let written):
      lease = written
      self[keyPath: candidate].written(sent: now)
    case .wait, .lost: break
    }
    return step
  }
}

struct `The coordinator's lease` {
  @Test func `is one's that finds none, and nobody else's while it is renewed`() {
    var bench = Bench()
    _ = bench.look(\.one, at: 0)
    #expect(bench.one.isHolding)
    #expect(bench.lease?["spec", "holderIdentity"] == "one")
    #expect(bench.lease?["spec", "renewTime"] == .string(Sample.now.microTime))
    for second in stride(from: 2.0, through: 60, by: 2) {
      _ = bench.look(\.one, at: second)
      #expect(bench.look(\.other, at: second + 1) == .wait(holder: "one"))
    }
    #expect(bench.one.isHolding)
  }

  @Test func `is taken over when it stood still for its duration, by the candidate's own clock`() {
    var bench = Bench()
    _ = bench.look(\.one, at: 0)
    // The candidate begins late: what it has not seen for long it does not take.
    for second in stride(from: 100.0, through: 114, by: 2) {
      #expect(bench.look(\.other, at: second) == .wait(holder: "one"))
    }
    _ = bench.look(\.other, at: 115)
    #expect(bench.other.isHolding)
    #expect(bench.lease?["spec", "holderIdentity"] == "other")
    #expect(bench.lease?["spec", "leaseTransitions"] == 1)
  }

  @Test func `is given up by a holder that cannot renew it before anybody may take it`() {
    var bench = Bench()
    _ = bench.look(\.one, at: 0)
    #expect(bench.one.expire(now: .seconds(9.9)) == nil)
    #expect(
      bench.one.expire(now: .seconds(10))
        == .lost(
          reason: "the lease stillpoint/stillpoint-coordinator could not be renewed for 10.00 s"))
    #expect(!bench.one.isHolding)
    let times = LeaseElection.Times()
    // A renewal that was sent at the last moment is answered or given up within two retry times.
    #expect(times.renewal + times.retry * 2 < times.duration)
  }

  @Test func `that another one holds ends the holder at once`() {
    var bench = Bench()
    _ = bench.look(\.one, at: 0)
    bench.lease?["spec", "holderIdentity"] = "other"
    #expect(
      bench.look(\.one, at: 2)
        == .lost(
          reason: "the lease stillpoint/stillpoint-coordinator was taken by 'other'"))
    // Also when it is free again.
    bench.one.written(sent: .seconds(3))
    #expect(!bench.one.isHolding)
  }

  @Test func `that was lost is won again as by every other candidate, once its loser stands again`()
  {
    var bench = Bench()
    _ = bench.look(\.one, at: 0)
    #expect(bench.one.expire(now: .seconds(10)) != nil)
    bench.one.stand()
    #expect(!bench.one.isHolding)
    // Nobody took it meanwhile.
    _ = bench.look(\.one, at: 12)
    #expect(bench.one.isHolding)

    bench.lease?["spec", "holderIdentity"] = "other"
    _ = bench.look(\.one, at: 14)
    bench.one.stand()
    for second in stride(from: 16.0, through: 30, by: 2) {
      #expect(bench.look(\.one, at: second) == .wait(holder: "other"))
    }
    _ = bench.look(\.one, at: 31)
    #expect(bench.one.isHolding)
    #expect(bench.lease?["spec", "holderIdentity"] == "one")
    // Who holds it loses nothing by it.
    bench.one.stand()
    #expect(bench.one.isHolding)
  }

  @Test func `that was deleted ends its holder`() {
    var bench = Bench()
    _ = bench.look(\.one, at: 0)
    bench.lease = nil
    #expect(
      bench.look(\.one, at: 2)
        == .lost(reason: "the lease stillpoint/stillpoint-coordinator was deleted"))
  }

  @Test func `that was released is taken at once, and only its holder releases it`() throws {
    var bench = Bench()
    _ = bench.look(\.one, at: 0)
    let lease = try #require(bench.lease)
    #expect(bench.other.released(lease, Sample.now) == nil)
    bench.lease = bench.one.released(lease, Sample.now)
    _ = bench.look(\.other, at: 1)
    #expect(bench.other.isHolding)
  }
}
