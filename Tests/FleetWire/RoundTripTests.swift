import CutProtocol
import FleetWire
import Foundation
import Model
import SwiftProtobuf
import Testing

/// Every value survives the wire, through its bytes.
struct RoundTripTests {
  private func check(_ message: AgentMessage, seed: UInt64) throws {
    let bytes: Data = try message.wire().serializedBytes()
    let read = try AgentMessage(Stillpoint_Fleet_V1_AgentMessage(serializedBytes: bytes))
    #expect(read == message, "seed \(seed)")
  }

  private func check(_ message: CoordinatorMessage, seed: UInt64) throws {
    let bytes: Data = try message.wire().serializedBytes()
    let read = try CoordinatorMessage(
      Stillpoint_Fleet_V1_CoordinatorMessage(serializedBytes: bytes))
    #expect(read == message, "seed \(seed)")
  }

  private static let rounds: UInt64 = 300

  @Test func `what an agent says about itself survives`() throws {
    for seed in 0..<Self.rounds {
      var generator = Generator(seed: seed)
      try check(
        .hello(
          AgentHello(
            version: generator.name(), boot: generator.name(), incarnation: generator.next(),
            highestFence: generator.fence(), journalEnd: generator.next(),
            journal: generator.name()),
          speaks: ProtocolVersions(
            oldest: UInt32(generator.below(9)), newest: UInt32(generator.below(9)))), seed: seed)
      try check(
        .beat(
          AgentHeartbeat(
            observed: generator.optional {
              JournalObservation(through: $0.time(), journal: $0.name(), end: $0.next())
            },
            held: try generator.list { generator in
              AgentHeartbeat.Held(
                member: try ServiceName(generator.name()), fence: generator.fence(),
                hold: generator.hold(), age: generator.duration())
            }, troubles: generator.list { $0.text() })), seed: seed)
    }
  }

  @Test func `every report survives`() throws {
    for seed in 0..<Self.rounds {
      var generator = Generator(seed: seed)
      let all: [CutReport.News] = [
        .prepared(
          generator.hold(),
          Preparation(
            predictedQuiesce: generator.duration(), predictedSnapshot: generator.duration(),
            fidelity: Fidelity(
              durableStateConstant: generator.bool(), acknowledgedIsDurable: generator.bool(),
              nothingAcknowledged: generator.bool(), reasons: generator.list { $0.text() }),
            remarks: generator.list { $0.text() })),
        .refused(generator.refusal()), .frozen(generator.hold()), .nack(generator.refusal()),
        .certified(
          HoldCertificate(
            statement: Data(generator.text().utf8), signature: Data([1, 2, 255]),
            chain: generator.list { Data($0.name().utf8) })),
        .ended(reason: generator.text()), .cut(try generator.list { try $0.snapshot() }),
      ]
      for news in all {
        let report = CutReport(
          fence: generator.fence(), member: try ServiceName(generator.name()), news: news,
          obeyed: generator.next())
        try check(.report(report), seed: seed)
      }
    }
  }

  @Test func `every reply survives`() throws {
    for seed in 0..<Self.rounds {
      var generator = Generator(seed: seed)
      for reply: NodeReply in [
        .done, .restored(try generator.volume()), .failed(generator.refusal()),
        .probed(try generator.findings()),
        .ran(
          HookResult(.exited(Int32(truncatingIfNeeded: generator.next())), output: generator.text())
        ),
        .ran(HookResult(.signalled(9), output: "")), .ran(HookResult(.timedOut, output: "late")),
        .found([.there, .missing, .unknown(generator.text())]), .found([]),
      ] {
        try check(.reply(id: generator.next(), reply), seed: seed)
      }
    }
  }

  @Test func `placement records survive as they are`() throws {
    for seed in 0..<Self.rounds {
      var generator = Generator(seed: seed)
      var sequence = generator.next() >> 2
      let records = try generator.list(20) { generator in
        sequence += 1
        return try generator.record(sequence)
      }
      try check(.records(journal: generator.name(), records), seed: seed)
    }
  }

  @Test func `every order survives`() throws {
    for seed in 0..<Self.rounds {
      var generator = Generator(seed: seed)
      let fence = generator.fence()
      let member = try ServiceName(generator.name())
      let later = fence.epoch < .max ? fence.epoch + 1 : nil
      for order: CutOrder in [
        .prepare(
          fence: fence, member: member, plan: Data((generator.text() + "x").utf8),
          lease: generator.duration()),
        .freeze(fence: fence, member: member, after: try generator.vector()),
        .renew(
          fence: fence, member: member, hold: generator.hold(), lease: generator.duration()),
        .witness(fence: fence, member: member, vector: try generator.vector()),
        .cut(
          fence: fence, member: member, hold: generator.hold(),
          snapshots: try generator.list { try $0.snapshot() }),
        .abort(fence: fence, member: member, reason: generator.text()),
        .query(fence: fence, member: member), .settled(fence: fence, member: member),
        .abort(fence: fence, member: member, reason: generator.text(), by: later),
        .query(fence: fence, member: member, by: later),
        .settled(fence: fence, member: member, by: later),
      ] {
        try check(.order(order), seed: seed)
      }
    }
  }

  @Test func `every request and everything else of the coordinator survives`() throws {
    for seed in 0..<Self.rounds {
      var generator = Generator(seed: seed)
      for request: NodeRequest in [
        .deleteSnapshot(
          driver: try DriverName(generator.name()), snapshot: try SnapshotHandle(generator.name()),
          group: try generator.optional { try SnapshotHandle($0.name()) }),
        .restore(
          VolumeRestore(
            restore: try RestoreID(generator.name()), source: try generator.snapshot(),
            place: generator.bool() ? .original : .beside(directory: "/" + generator.name()))),
        .probe(
          DriverProbe(
            probe: try ProbeID(generator.name()), driver: try DriverName(generator.name()))),
        .runHook(
          HookRun(
            restore: try RestoreID(generator.name()), backup: try BackupID(generator.name()),
            service: try ServiceName(generator.name()), number: 3, namespace: generator.name(),
            podUID: generator.name(), container: try ContainerID(generator.name()),
            command: ["/bin/sh"] + generator.list { $0.text() }, timeout: generator.duration())),
        .findSnapshots(
          try (0..<3).map { _ in
            SnapshotReference(
              driver: try DriverName(generator.name()),
              snapshot: try SnapshotHandle(generator.name()))
          }),
      ] {
        try check(.request(id: generator.next(), request), seed: seed)
      }
      for reason in Farewell.Reason.allCases {
        try check(.farewell(Farewell(reason, generator.text())), seed: seed)
      }
      try check(.beat, seed: seed)
      try check(.recorded(through: generator.next()), seed: seed)
      try check(
        .welcome(
          Welcome(
            protocol: 1, version: generator.name(), beatInterval: generator.duration(),
            deadAfter: generator.duration())), seed: seed)
    }
  }
}
