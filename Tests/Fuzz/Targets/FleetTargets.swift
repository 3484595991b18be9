import CutProtocol
import FleetWire
import Foundation
import Model
import OperatorFakes
import SwiftProtobuf

extension FuzzTarget {
  /// What an agent, or whoever stole its key, sends to the coordinator.
  static let agentMessage = FuzzTarget(
    name: "agent-message", words: ["orders", "node-1", "boot", "sha256:"],
    seeds: {
      let beat = Stillpoint_Fleet_V1_AgentMessage.with {
        $0.beat.troubles = ["none"]
        $0.beat.held = [
          .with {
            $0.member = "orders"
            $0.fence.epoch = 7
            $0.hold.boot = "b0070001-1111"
            $0.age = 9_000_000
          }
        ]
      }
      return try [beat.serializedBytes()]
        + Sample.agentMessages.map { try $0.wire().serializedBytes() }
    },
    run: { bytes in
      guard let wire = try? Stillpoint_Fleet_V1_AgentMessage(serializedBytes: bytes) else { return }
      let message: AgentMessage
      do throws(WireError) {
        message = try AgentMessage(wire)
      } catch {
        return try BrokenPromise.unlessShort(error.description, atMost: 4 << 10)
      }
      if case .records(_, let records) = message {
        for record in records { try Sample.survivesJSON(record, "placement record") }
      } else if case .report(let report) = message, case .certified(let certificate) = report.news {
        try Sample.survivesJSON(certificate, "hold certificate")
        _ = try? certificate.decoded()
      } else {
        try BrokenPromise.unlessSame(
          message, try AgentMessage(message.wire()), "a message that was passed on")
      }
    })

  /// What a coordinator, or whoever took its place, sends to an agent.
  static let coordinatorMessage = FuzzTarget(
    name: "coordinator-message", words: ["orders", "node-1", "boot", "vol-1"],
    seeds: { try Sample.coordinatorMessages.map { try $0.wire().serializedBytes() } },
    run: { bytes in
      guard let wire = try? Stillpoint_Fleet_V1_CoordinatorMessage(serializedBytes: bytes) else {
        return
      }
      let message: CoordinatorMessage
      do throws(WireError) {
        message = try CoordinatorMessage(wire)
      } catch {
        return try BrokenPromise.unlessShort(error.description, atMost: 4 << 10)
      }
      if case .farewell = message { return }
      try BrokenPromise.unlessSame(
        message, try CoordinatorMessage(message.wire()), "a message that was passed on")
      guard case .order(let order) = message else { return }
      if case .prepare(_, _, let plan, _) = order { _ = try? SealedPlan(bytes: plan) }
      try Sample.obey(order)
    })
}

extension Sample {
  static let fence = Fence(epoch: 7, cut: 3, attempt: 1)
  static let hold = HoldID(boot: "b0070001-1111", incarnation: 2, counter: 5)

  static var certificate: HoldCertificate {
    get throws {
      HoldCertificate(
        statement: try CanonicalJSON.encode(statements[0]), signature: Data([1, 2, 3]),
        chain: [Data([4, 5, 6])])
    }
  }

  static var agentMessages: [AgentMessage] {
    get throws {
      let refusal = Refusal(.staleFence, "too old", hint: "wait", highestFence: fence)
      let news: [CutReport.News] = [
        .prepared(
          hold,
          Preparation(
            predictedQuiesce: .milliseconds(3), predictedSnapshot: .milliseconds(1),
            fidelity: .none, remarks: ["slow"])), .refused(refusal), .frozen(hold), .nack(refusal),
        .certified(try certificate), .ended(reason: "aborted"),
      ]
      return [
        .hello(
          AgentHello(
            version: "1", boot: "b", incarnation: 1, highestFence: fence, journalEnd: 9,
            journal: "j"), speaks: .current),
        .reply(id: 1, .done),
        .reply(id: 3, .restored(Example.volume(Example.orders))), .reply(id: 4, .failed(refusal)),
        .reply(
          id: 5,
          .probed(
            ProbeFindings(
              driver: DriverName(accepted: "csi.example.org"), version: "1",
              checks: [.init(.laterWrite, kept: true, detail: "absent")],
              cuts: [Elapsed(.milliseconds(2))], obstacle: nil, leftBehind: []))),
        .reply(id: 6, .ran(HookResult(.exited(3), output: "no such role"))),
        .reply(id: 7, .found([.there, .missing, .unknown("the driver does not answer")])),
        .records(journal: "j", records),
      ] + news.map { .report(CutReport(fence: fence, member: Example.orders, news: $0)) }
    }
  }

  static var records: [PlacementRecord] {
    let placement = Example.placement(Example.orders, on: Example.node(1))
    let changes: [PlacementChange] = [
      .unseen(since: Timestamp(nanoseconds: 0)), .started(placement), .updated(placement),
      .ended(placement.container, .exited(code: 137)), .ended(placement.container, .vanished),
    ]
    return changes.enumerated().map {
      PlacementRecord(sequence: UInt64($0.offset + 1), time: Example.start, change: $0.element)
    }
  }

  static var coordinatorMessages: [CoordinatorMessage] {
    get throws {
      let member = Example.orders
      let vector = WitnessVector([member: hold])
      let volume = Example.volume(member)
      let orders: [CutOrder] = [
        .prepare(
          fence: fence, member: member, plan: try Example.sealedPlan().bytes, lease: .seconds(3)),
        .freeze(fence: fence, member: member, after: vector),
        .renew(fence: fence, member: member, hold: hold, lease: .seconds(3)),
        .witness(fence: fence, member: member, vector: vector),
        .abort(fence: fence, member: member, reason: "stop"), .query(fence: fence, member: member),
        .settled(fence: fence, member: member),
      ]
      let requests: [NodeRequest] = [
        .deleteSnapshot(
          driver: volume.driver, snapshot: SnapshotHandle(accepted: "snap"), group: nil),
        .probe(DriverProbe(probe: ProbeID(accepted: "p1"), driver: volume.driver)),
        .restore(
          VolumeRestore(
            restore: RestoreID(accepted: "r1"), source: statements[0].snapshots[0],
            place: .beside(directory: "/srv/restored"))),
        .runHook(
          HookRun(
            restore: RestoreID(accepted: "r1"), backup: BackupID(accepted: "b1"), service: member,
            number: 1, namespace: "shop", podUID: "u-1", container: ContainerID(accepted: "c-1"),
            command: ["/bin/sh", "-c", "true"], timeout: .seconds(3))),
        .findSnapshots([
          SnapshotReference(driver: volume.driver, snapshot: SnapshotHandle(accepted: "snap"))
        ]),
      ]
      return [
        .welcome(
          Welcome(protocol: 1, version: "1", beatInterval: .seconds(1), deadAfter: .seconds(9))),
        .beat, .recorded(through: 7), .farewell(Farewell(.revoked, "gone")),
      ] + orders.map { .order($0) } + requests.map { .request(id: 5, $0) }
    }
  }

  /// An agent's machine takes any order in any state: it is held no longer than the cap.
  static func obey(_ order: CutOrder) throws {
    var lease = Duration.seconds(3)
    if case .prepare(_, _, _, let given) = order { lease = given }
    var machine = MemberHold(
      fence: order.fence, member: order.member, hold: hold, lease: lease, cap: .seconds(10))
    _ = machine.apply(
      .prepared(
        Preparation(
          predictedQuiesce: .zero, predictedSnapshot: .zero, fidelity: .full, remarks: [])),
      at: .zero)
    _ = machine.apply(
      .order(
        .freeze(fence: order.fence, member: order.member, after: WitnessVector([:]))),
      at: .zero)
    _ = machine.apply(.order(order), at: .milliseconds(1))
    _ = machine.apply(.holdsTaken, at: .milliseconds(2))
    _ = machine.apply(.order(order), at: .milliseconds(3))
    if machine.mayBeHeld, case .held = machine.state {
      let deadline = machine.nextDeadline ?? .seconds(99)
      try BrokenPromise.unless(deadline <= .seconds(10), "held until \(deadline)")
    }
    _ = machine.apply(.tick, at: .seconds(11))
    if case .held = machine.state { throw BrokenPromise("still held after the cap") }
  }
}
