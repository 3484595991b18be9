internal import CutProtocol
internal import Foundation
internal import Model
internal import SwiftProtobuf

extension AgentMessage {
  /// Checks every part against `WireLimits` and the rules of its type.
  package init(_ wire: Stillpoint_Fleet_V1_AgentMessage) throws(WireError) {
    let field = WireField("agent")
    switch wire.kind {
    case .hello(let hello):
      let field = field("hello")
      self = .hello(
        try AgentHello(hello, field),
        speaks: ProtocolVersions(oldest: hello.oldestProtocol, newest: hello.newestProtocol))
    case .beat(let beat): self = .beat(try AgentHeartbeat(beat, field("beat")))
    case .report(let report): self = .report(try CutReport(report, field("report")))
    case .reply(let reply): self = .reply(id: reply.id, try NodeReply(reply, field("reply")))
    case .records(let batch):
      let field = field("records")
      self = .records(
        journal: try field("journal").label(batch.journal),
        try RecordBatch.decode(batch.records, field("records")))
    case nil: throw field.error("it is of an unknown kind")
    }
  }

  /// Throws when a record or certificate cannot be encoded within `WireLimits`.
  package func wire() throws -> Stillpoint_Fleet_V1_AgentMessage {
    var wire = Stillpoint_Fleet_V1_AgentMessage()
    switch self {
    case .hello(let hello, let versions):
      wire.hello = hello.wire(versions)
    case .beat(let beat): wire.beat = beat.wire
    case .report(let report): wire.report = try report.wire()
    case .reply(let id, let reply): wire.reply = reply.wire(id)
    case .records(let journal, let records):
      wire.records = .with { $0.journal = journal }
      wire.records.records = try RecordBatch(records).encoded
    }
    return wire
  }
}

extension AgentHello {
  init(_ wire: Stillpoint_Fleet_V1_Hello, _ field: WireField) throws(WireError) {
    try field("highest_fence").present(wire.hasHighestFence)
    self.init(
      version: try field("version").label(wire.version), boot: try field("boot").label(wire.boot),
      incarnation: wire.incarnation, highestFence: Fence(wire.highestFence),
      journalEnd: wire.journalEnd, journal: try field("journal").label(wire.journal))
  }

  func wire(_ versions: ProtocolVersions) -> Stillpoint_Fleet_V1_Hello {
    .with {
      $0.oldestProtocol = versions.oldest
      $0.newestProtocol = versions.newest
      $0.version = version
      $0.boot = boot
      $0.incarnation = incarnation
      $0.highestFence = highestFence.wire
      $0.journalEnd = journalEnd
      $0.journal = journal
    }
  }
}

extension AgentHeartbeat {
  init(_ wire: Stillpoint_Fleet_V1_AgentBeat, _ field: WireField) throws(WireError) {
    self.init(
      observed: wire.hasObserved
        ? try JournalObservation(wire.observed, field("observed")) : nil,
      held: try field("held").list(wire.held) { held, field throws(WireError) in
        Held(
          member: try field("member").name(held.member), fence: Fence(held.fence),
          hold: try HoldID(held.hold, field("hold")), age: try field("age").duration(held.age))
      },
      troubles: try field("troubles").remarks(wire.troubles))
  }

  var wire: Stillpoint_Fleet_V1_AgentBeat {
    .with {
      if let observed { $0.observed = observed.wire }
      $0.held = held.prefix(WireLimits.entries).map { held in
        .with {
          $0.member = held.member.text
          $0.fence = held.fence.wire
          $0.hold = held.hold.wire
          $0.age = max(0, held.age.duration.wholeNanoseconds)
        }
      }
      $0.troubles = troubles.forWire
    }
  }
}

extension JournalObservation {
  init(_ wire: Stillpoint_Fleet_V1_Observation, _ field: WireField) throws(WireError) {
    self.init(
      through: Timestamp(nanoseconds: wire.through),
      journal: try field("journal").label(wire.journal), end: wire.end)
  }

  var wire: Stillpoint_Fleet_V1_Observation {
    .with {
      $0.through = through.nanoseconds
      $0.journal = journal
      $0.end = end
    }
  }
}
