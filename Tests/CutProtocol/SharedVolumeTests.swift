import Foundation
import Model
import Testing

@testable import CutProtocol

/// Volumes that several members have: orders is the delegate, payments shares its volume, checkout has one of its own.
@Suite struct SharedVolumeTests {
  private let orders = Fixture.orders
  private let payments = Fixture.payments
  private let checkout = Fixture.checkout
  private let busy = Refusal(.busy, "the volume is in use")

  private func plan(policy: CutPolicy = .strict) throws -> SealedPlan {
    var delegate = Fixture.member(orders)
    delegate.volumes[0].delegate = orders
    var sharer = Fixture.member(payments)
    sharer.volumes = [
      MemberVolume(
        containerPath: "/shared",
        volume: VolumeRef(
          driver: delegate.volumes[0].volume.driver, handle: delegate.volumes[0].volume.handle,
          publishedAt: "/elsewhere"), delegate: orders)
    ]
    return try Fixture.plan([Fixture.member(checkout), delegate, sharer], policy: policy)
  }

  private func taken(in plan: SealedPlan) throws -> SnapshotRecord {
    var record = Fixture.snapshot(
      try #require(plan.plan.member(orders)).volumes[0], of: orders, hold: Fixture.hold(1))
    record.requested = Elapsed(.milliseconds(36))
    return record
  }

  /// As payments has it.
  private func shared(in plan: SealedPlan) throws -> SnapshotRecord {
    var record = try taken(in: plan)
    let volume = try #require(plan.plan.member(payments)).volumes[0]
    record.containerPath = volume.containerPath
    record.volume = volume.volume
    record.takenBy = orders
    return record
  }

  // The coordinator.

  private func witnessed(_ plan: SealedPlan) -> CoordinatorDriver {
    var driver = CoordinatorDriver(plan)
    driver.prepare(checkout, orders, payments)
    driver.freeze(checkout, orders, payments)
    return driver
  }

  private func notice(_ plan: SealedPlan) throws -> CoordinatorCut.Action {
    .send(
      .cut(
        fence: Fixture.fence, member: payments, hold: Fixture.hold(1, of: payments),
        snapshots: [try shared(in: plan)]), to: Fixture.node(of: payments))
  }

  @Test func `who shares a volume is told when its delegate has cut`() throws {
    let plan = try plan()
    var driver = witnessed(plan)
    #expect(driver.feed(.cut(orders, [try taken(in: plan)])).decisive == [try notice(plan)])
    // Said twice, it is passed on once, and again with every renewal until the certificate.
    #expect(driver.feed(.cut(orders, [try taken(in: plan)])) == [])
    #expect(try driver.tick(after: .seconds(1)).contains(notice(plan)))
    #expect(driver.feed(.cut(checkout, [])) == [])
  }

  @Test func `the delegate's certificate says it too`() throws {
    let plan = try plan()
    var driver = witnessed(plan)
    let actions = try driver.certify(
      orders, witness: Fixture.witness([checkout, orders, payments])
    ) {
      $0.snapshots[0].requested = Elapsed(.milliseconds(36))
    }
    #expect(try actions.contains(notice(plan)))
  }

  @Test func `what was cut before the witness is no notice`() throws {
    let plan = try plan()
    var driver = CoordinatorDriver(plan)
    driver.prepare(checkout, orders, payments)
    driver.freeze(orders)
    #expect(driver.feed(.cut(orders, [try taken(in: plan)])) == [])
  }

  @Test func `those who share a volume are left out together`() throws {
    var driver = CoordinatorDriver(try plan(policy: .bestEffort))
    driver.prepare(checkout, orders, payments)
    let reason = "its volume is cut with that of payments: \(busy.message)"
    driver.freeze(checkout)
    #expect(
      driver.feed(.nack(payments, busy)).decisive == [
        driver.abort(orders, reason), driver.abort(payments, busy.message),
        driver.witnessOrder(checkout, Fixture.witness([checkout])),
      ])
  }

  @Test func `when nobody would be left the attempt ends`() throws {
    let whole = try plan(policy: .bestEffort)
    let pair = whole.plan.members.filter { $0.name != checkout }
    var driver = CoordinatorDriver(try Fixture.plan(pair, policy: .bestEffort))
    driver.prepare(orders, payments)
    #expect(
      driver.feed(.nack(payments, busy)).decisive == [
        driver.abort(orders, "payments: \(busy.message)"),
        driver.abort(payments, "payments: \(busy.message)"),
      ])
  }

  // The agents.

  private func held(_ member: ServiceName, _ plan: SealedPlan) throws -> MemberHold {
    var machine = MemberHold(
      fence: Fixture.fence, member: member, hold: Fixture.hold(1, of: member), lease: .seconds(3),
      cap: .seconds(10), volumes: try #require(plan.plan.member(member)).volumes)
    _ = machine.apply(.prepared(Fixture.preparation()), at: .zero)
    _ = machine.apply(
      .order(.freeze(fence: Fixture.fence, member: member, after: WitnessVector([:]))), at: .zero)
    return machine
  }

  private func witness(_ member: ServiceName) -> MemberHold.Event {
    .order(.witness(fence: Fixture.fence, member: member, vector: Fixture.witness()))
  }

  @Test func `a delegate cuts after the witness, says so, and thaws`() throws {
    var machine = try held(orders, plan())
    #expect(
      machine.apply(.holdsTaken, at: .zero) == [.report(.frozen(Fixture.hold(1)))])
    #expect(machine.apply(witness(orders), at: .zero) == [.cutSnapshots])
    #expect(machine.apply(witness(orders), at: .zero) == [])
    #expect(machine.apply(.snapshotsCut, at: .zero) == [.announceCut, .thaw(.complete)])
    // Asked again, it says again what others may still wait for.
    #expect(machine.apply(witness(orders), at: .zero) == [.announceCut])
  }

  @Test func `a member waits for the notice of its shared volume`() throws {
    let plan = try plan()
    var machine = try held(payments, plan)
    let hold = Fixture.hold(1, of: payments)
    func notice(_ records: [SnapshotRecord], of hold: HoldID) -> MemberHold.Event {
      .order(.cut(fence: Fixture.fence, member: payments, hold: hold, snapshots: records))
    }
    _ = machine.apply(.holdsTaken, at: .zero)
    #expect(machine.apply(.snapshotsCut, at: .zero) == [])
    #expect(machine.apply(witness(payments), at: .zero) == [])
    let other = machine.apply(
      notice([try shared(in: plan)], of: Fixture.hold(2, of: payments)), at: .zero)
    guard case .report(.nack) = other.first else { Issue.record("\(other)"); return }
    #expect(machine.notice == nil)
    #expect(
      machine.apply(notice([try shared(in: plan)], of: hold), at: .zero) == [.thaw(.complete)])
    #expect(machine.notice == [try shared(in: plan)])
  }

  @Test func `a notice without one of the volumes ends the hold badly`() throws {
    let plan = try plan()
    var machine = try held(payments, plan)
    _ = machine.apply(.holdsTaken, at: .zero)
    let empty = CutOrder.cut(
      fence: Fixture.fence, member: payments, hold: Fixture.hold(1, of: payments), snapshots: [])
    #expect(machine.apply(.order(empty), at: .zero) == [.thaw(.failed)])
  }

  // The verdict.

  private func verdict(
    spoil: (inout [HoldStatement]) throws -> Void = { _ in }, leftOut: [LeftOut] = []
  ) throws -> Verdict {
    let plan = try plan()
    let vector = Fixture.witness([checkout, orders, payments])
    var statements = try plan.plan.members.map { member in
      var statement = Fixture.statement(of: member, in: plan, witness: vector)
      if member.name == orders { statement.snapshots = [try taken(in: plan)] }
      if member.name == payments { statement.snapshots = [try shared(in: plan)] }
      return statement
    }
    try spoil(&statements)
    return Grader.judge(
      plan: plan,
      groups: [
        Grader.JudgedGroup(
          group: 0, fence: Fixture.fence, accounts: statements.map(Grader.Account.believed),
          leftOut: leftOut)
      ])
  }

  @Test func `a shared volume that was cut while all were held is application-consistent`() throws {
    #expect(try verdict().grade == .applicationConsistent)
  }

  @Test func `a shared snapshot proves nothing`() throws {
    let spoilt: [(String, @Sendable (inout [HoldStatement]) -> Void)] = [
      (
        "orders: the snapshot of /data was requested before all who share it were known to be held",
        { $0[1].snapshots[0].requested = Elapsed(.milliseconds(34)) }
      ),
      (
        "payments: the snapshot of /shared was not taken by orders",
        { $0[2].snapshots[0].takenBy = nil }
      ),
      (
        "payments: nothing proves that orders took the snapshot of /shared while this member was held",
        { $0[2].snapshots[0].handle = SnapshotHandle(accepted: "another") }
      ),
      (
        "payments: the snapshot of /shared was answered after the thaw began",
        { $0[2].snapshots[0].acknowledged = Elapsed(.milliseconds(42)) }
      ),
    ]
    for (sentence, spoil) in spoilt {
      let verdict = try verdict(spoil: spoil)
      #expect(verdict.grade == .unproven)
      #expect(verdict.findings.map { "\($0.member): \($0.finding)" }.contains(sentence))
    }
  }

  @Test func `without the snapshot that another took there is none`() throws {
    #expect(try verdict(spoil: { $0[2].snapshots = [] }).grade == .failed)
  }

  @Test func `a delegate without those who share its volume proves nothing`() throws {
    let verdict = try verdict(
      spoil: { statements in
        statements.removeLast()
        for index in statements.indices {
          statements[index].witness = Fixture.witness([Fixture.checkout, Fixture.orders])
        }
      }, leftOut: [LeftOut(member: payments, reason: "busy")])
    #expect(verdict.grade == .unproven)
    #expect(verdict.sentence == "orders: payments, which shares /data, was left out")
  }

  @Test func `a volume that somebody else may write to is crash-consistent`() throws {
    var member = Fixture.member(orders)
    member.volumes[0].unheldWriters = ["shop/indexer"]
    let plan = try Fixture.plan([member])
    let statement = Fixture.statement(of: member, in: plan, witness: Fixture.witness([orders]))
    let verdict = Grader.judge(
      plan: plan,
      groups: [
        Grader.JudgedGroup(
          group: 0, fence: Fixture.fence, accounts: [.believed(statement)], leftOut: [])
      ])
    #expect(
      verdict
        == GraderCase.lowered(
          .crashConsistent,
          "F1: /data may be written to by shop/indexer, which takes no part in the cut"))
  }

  @Test func `the window of a shared volume begins with the witness`() throws {
    let prediction = WindowPrediction(
      preparations: [
        orders: Fixture.preparation(quiesce: .milliseconds(10), snapshot: .milliseconds(100)),
        payments: Fixture.preparation(quiesce: .milliseconds(30), snapshot: .zero),
        checkout: Fixture.preparation(quiesce: .milliseconds(10), snapshot: .milliseconds(10)),
      ], of: try plan().plan.members, drain: false, roundTrip: .milliseconds(20))
    #expect(
      prediction.windows == [
        .init(member: checkout, window: .milliseconds(50)),
        .init(member: orders, window: .milliseconds(150)),
        .init(member: payments, window: .milliseconds(170)),
      ])
  }

  // One group of volumes that are not shared.

  /// payments has a volume of its own, which the agent of orders cuts in one group with that of orders.
  private func group(spoil: (inout [HoldStatement]) -> Void = { _ in }) throws -> Verdict {
    var delegate = Fixture.member(orders)
    delegate.volumes[0].delegate = orders
    var other = Fixture.member(payments)
    other.volumes[0].delegate = orders
    let plan = try Fixture.plan([delegate, other])
    #expect(plan.plan.cutsForOthers(by: delegate) == other.volumes)
    #expect(plan.plan.cutsForOthers(by: other) == [])
    func record(_ volume: MemberVolume) -> SnapshotRecord {
      var record = Fixture.snapshot(volume, of: orders, hold: Fixture.hold(1))
      record.name =
        SnapshotName(
          fence: Fixture.fence, member: orders, hold: Fixture.hold(1), backup: Fixture.backup
        ).text(volume: nil)
      record.group = SnapshotHandle(accepted: "group-1")
      record.requested = Elapsed(.milliseconds(36))
      return record
    }
    var statements = plan.plan.members.map {
      Fixture.statement(of: $0, in: plan, witness: Fixture.witness())
    }
    statements[0].snapshots = [record(delegate.volumes[0])]
    statements[0].snapshotsForOthers = [record(other.volumes[0])]
    statements[1].snapshots = [record(other.volumes[0])]
    statements[1].snapshots[0].takenBy = orders
    spoil(&statements)
    return Grader.judge(
      plan: plan,
      groups: [
        Grader.JudgedGroup(
          group: 0, fence: Fixture.fence, accounts: statements.map(Grader.Account.believed),
          leftOut: [])
      ])
  }

  @Test func `a group of several members is proved by what its delegate signed`() throws {
    #expect(try group().grade == .applicationConsistent)
    let unsigned = try group { $0[0].snapshotsForOthers = nil }
    #expect(unsigned.grade == .unproven)
    #expect(unsigned.sentence.hasPrefix("payments: nothing proves that orders took the snapshot"))
    #expect(
      try group { $0[0].snapshotsForOthers?[0].requested = Elapsed(.milliseconds(34)) }
        .grade == .unproven)
  }
}
