import CutProtocol
import Foundation
import Model
import Testing

@testable import CoordinatorCore

/// The order of cuts that have something in common.
@Suite struct `A queue of cuts` {
  private func member(
    _ name: String, node: String = "n1", container: String? = nil, volume: String? = nil
  ) throws -> MemberPlan {
    MemberPlan(
      name: try ServiceName(name), node: try NodeID(node),
      container: try ContainerID(container ?? "\(name)-on-\(node)"), containerName: "c",
      pod: "\(container ?? name)-\(node)", namespace: "shop", image: "i", imageDigest: "",
      holds: [],
      volumes: try volume.map { handle in
        [
          MemberVolume(
            containerPath: "/data",
            volume: VolumeRef(
              driver: try DriverName("d"), handle: try VolumeHandle(handle), publishedAt: "/v"))
        ]
      } ?? [], dependsOn: [], group: 0, level: 0)
  }

  private func cut(_ backup: String, _ members: [MemberPlan]) throws -> CutPlan {
    CutPlan(
      backup: try BackupID(backup), fleet: try FleetID("fleet"), plan: try PlanName("plan"),
      environment: .test, requires: .applicationConsistent, policy: .strict,
      freeze: FreezeLimits(), createdAt: Timestamp(nanoseconds: 0), members: members)
  }

  private func cut(_ backup: String, _ names: String...) throws -> CutPlan {
    try cut(backup, names.map { try member($0) })
  }

  /// The cuts' places in a queue that knows of no earlier coordinator.
  private func queue(_ plans: [CutPlan]) throws -> (TurnQueue, [TurnQueue.Number]) {
    var queue = TurnQueue()
    _ = queue.adopt([])
    let numbers = plans.map { queue.join(.backup($0.backup), CutClaims($0)) }
    return (queue, try numbers.map { try #require($0) })
  }

  private func holder(_ backup: String, _ shared: String) throws -> TurnQueue.Ahead {
    .holder(.backup(try BackupID(backup)), shared: try ServiceName(shared))
  }

  @Test func `lets go together what has nothing in common`() throws {
    let (queue, numbers) = try queue([try cut("b1", "orders"), try cut("b2", "payments")])
    #expect(numbers.map { queue.ahead(of: $0) } == [nil, nil])
  }

  @Test func `keeps the order of those that have, and overtakes nobody who waits`() throws {
    let plans = [
      try cut("b1", "orders", "payments"), try cut("b2", "payments", "stock"),
      try cut("b3", "orders", "stock"), try cut("b4", "stock"),
    ]
    var (queue, numbers) = try queue(plans)
    var order: [Int] = []
    while order.count < plans.count {
      let free = numbers.indices.filter {
        !order.contains($0) && queue.ahead(of: numbers[$0]) == nil
      }
      // Each of them shares something with each that is free before it.
      try #require(free.count == 1)
      order += free
      queue.leave(numbers[free[0]])
    }
    #expect(order == [0, 1, 2, 3])
  }

  @Test func `names the nearest one ahead and what both use`() throws {
    var (queue, numbers) = try queue([
      try cut("b1", "orders", "payments"), try cut("b2", "payments"),
      try cut("b3", "orders", "payments"),
    ])
    #expect(queue.ahead(of: numbers[1]) == (try holder("b1", "payments")))
    #expect(queue.ahead(of: numbers[2]) == (try holder("b2", "payments")))
    #expect(
      queue.ahead(of: numbers[2])?.description == "backup b2, which uses payments too")
    // One that gives up does not free whom the first still delays.
    queue.leave(numbers[1])
    #expect(queue.ahead(of: numbers[2]) == (try holder("b1", "orders")))
    queue.leave(numbers[0])
    #expect(queue.ahead(of: numbers[2]) == nil)
  }

  @Test func `tells what is shared by node and name, container, pod and volume`() throws {
    let orders = try member("orders", volume: "v1")
    let shares: [(MemberPlan, ServiceName?)] = [
      (try member("orders", container: "another"), try ServiceName("orders")),
      (try member("orders", node: "n2"), nil),
      (try member("named-otherwise", container: "orders-on-n1"), try ServiceName("orders")),
      (try member("reader", node: "n2", volume: "v1"), try ServiceName("orders")),
      (try member("reader", node: "n2", volume: "v2"), nil),
    ]
    for (other, shared) in shares {
      let claims = CutClaims(try cut("b2", [other]))
      #expect(CutClaims(try cut("b1", [orders])).firstShared(with: claims) == shared, "\(other)")
    }
    var sidecar = try member("sidecar")
    sidecar.pod = orders.pod
    let claims = CutClaims(try cut("b2", [sidecar]))
    #expect(CutClaims(try cut("b1", [orders])).firstShared(with: claims) == orders.name)
  }

  @Test func `begins nothing before it knows what an earlier coordinator left, which comes first`()
    throws
  {
    var queue = TurnQueue()
    let own = try cut("b3", "orders")
    let joined = queue.join(.backup(own.backup), CutClaims(own))
    let mine = try #require(joined)
    #expect(queue.ahead(of: mine) == .unknown)
    let left = [try cut("b1", "orders"), try cut("b2", "orders")]
    let numbers = queue.adopt((left + [own]).map { ($0.backup, CutClaims($0)) })
    #expect(Set(numbers.keys) == Set(left.map(\.backup)))
    let first = try #require(numbers[left[0].backup])
    let second = try #require(numbers[left[1].backup])
    #expect(queue.ahead(of: first) == nil)
    #expect(queue.ahead(of: second) == (try holder("b1", "orders")))
    #expect(queue.ahead(of: mine) == (try holder("b2", "orders")))
  }

  @Test func `is bounded`() throws {
    var queue = TurnQueue()
    let plan = try cut("b1", "orders")
    for _ in 0..<TurnQueue.most {
      let number = queue.join(.check(plan.plan), CutClaims(plan))
      #expect(number != nil)
    }
    let oneTooMany = queue.join(.check(plan.plan), CutClaims(plan))
    #expect(oneTooMany == nil)
  }
}
