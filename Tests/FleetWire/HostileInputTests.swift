import CutProtocol
import FleetWire
import Foundation
import Model
import SwiftProtobuf
import Testing

/// What does not follow the protocol is refused by the name of its field, and never crashes.
struct HostileInputTests {
  private typealias Agent = Stillpoint_Fleet_V1_AgentMessage
  private typealias Coordinator = Stillpoint_Fleet_V1_CoordinatorMessage

  private func refusal(_ wire: Stillpoint_Fleet_V1_AgentMessage) -> WireError? {
    do throws(WireError) {
      _ = try AgentMessage(wire)
      return nil
    } catch {
      return error
    }
  }

  private func refusal(_ wire: Stillpoint_Fleet_V1_CoordinatorMessage) -> WireError? {
    do throws(WireError) {
      _ = try CoordinatorMessage(wire)
      return nil
    } catch {
      return error
    }
  }

  private var beat: Stillpoint_Fleet_V1_AgentBeat {
    .with {
      $0.held = [
        .with {
          $0.member = "orders"
          $0.hold = .with { $0.boot = "boot" }
        }
      ]
    }
  }

  @Test func `an empty message is of an unknown kind`() {
    #expect(refusal(Agent())?.field == "agent")
    #expect(refusal(Coordinator())?.field == "coordinator")
    #expect(refusal(Agent.with { $0.report = .init() })?.field == "agent.report.fence")
    #expect(refusal(Coordinator.with { $0.order = .init() })?.field == "coordinator.order.fence")
    #expect(refusal(Coordinator.with { $0.request = .init() })?.field == "coordinator.request")
  }

  @Test func `invalid names are refused where they stand`() {
    var bad = beat
    bad.held[0].member = "Orders!"
    #expect(refusal(Agent.with { $0.beat = bad })?.field == "agent.beat.held[0].member")
    bad = beat
    bad.held[0].hold.boot = ""
    #expect(refusal(Agent.with { $0.beat = bad })?.field == "agent.beat.held[0].hold.boot")
    bad = beat
    bad.held[0].age = -1
    #expect(refusal(Agent.with { $0.beat = bad })?.field == "agent.beat.held[0].age")
    #expect(refusal(Agent.with { $0.beat = beat }) == nil)
  }

  @Test func `lists and texts above their bounds are refused with both figures`() {
    var many = beat
    many.held = Array(repeating: many.held[0], count: WireLimits.entries + 1)
    #expect(
      refusal(Agent.with { $0.beat = many })
        == WireError("agent.beat.held", "it has 1025 entries, at most 1024 are allowed"))
    let long = String(repeating: "x", count: WireLimits.text + 1)
    #expect(
      refusal(Agent.with { $0.beat = .with { $0.troubles = [long] } })
        == WireError("agent.beat.troubles[0]", "it has 4097 bytes, at most 4096 are allowed"))
    let name = String(repeating: "x", count: 1 << 20)
    let said = refusal(Agent.with { $0.beat = .with { $0.held = [.with { $0.member = name }] } })
    #expect((said?.description.count ?? 0) < 200)
  }

  @Test func `zero bytes and unknown codes are refused`() {
    let report = Stillpoint_Fleet_V1_Report.with {
      $0.fence = .init()
      $0.member = "orders"
      $0.ended = .with { $0.reason = "a\u{0}b" }
    }
    #expect(refusal(Agent.with { $0.report = report })?.field == "agent.report.ended.reason")
    var refused = report
    refused.refused = .with { $0.code = .UNRECOGNIZED(99) }
    #expect(refusal(Agent.with { $0.report = refused })?.field == "agent.report.refused.code")
  }

  @Test func `a prepared report without its hold is refused`() {
    let report = Stillpoint_Fleet_V1_Report.with {
      $0.fence = .init()
      $0.member = "orders"
      $0.prepared = .init()
    }
    #expect(
      refusal(Agent.with { $0.report = report })?.field == "agent.report.prepared.hold.boot")
    var whole = report
    whole.prepared.hold.boot = "boot"
    #expect(refusal(Agent.with { $0.report = whole }) == nil)
  }

  @Test func `a member twice in a witness is refused`() throws {
    let entry = Stillpoint_Fleet_V1_WitnessVector.Entry.with {
      $0.member = "orders"
      $0.hold = .with { $0.boot = "boot" }
    }
    let twice: Data = try Stillpoint_Fleet_V1_WitnessVector.with { $0.entries = [entry, entry] }
      .serializedBytes()
    func order(_ vector: Data) -> Stillpoint_Fleet_V1_Order {
      .with {
        $0.fence = .init()
        $0.member = "orders"
        $0.witness = .with { $0.vector = vector }
      }
    }
    #expect(
      refusal(Coordinator.with { $0.order = order(twice) })
        == WireError("coordinator.order.witness.vector.entries", "orders is in it twice"))
    #expect(
      refusal(Coordinator.with { $0.order = order(Data([0xff, 0xff])) })?.field
        == "coordinator.order.witness.vector")
  }

  @Test func `a vector that is encoded once is the same for everybody`() throws {
    let vectors = VectorEncoding()
    var sent: [CoordinatorMessage] = []
    var read: [CoordinatorMessage] = []
    for (member, counter) in [("orders", 1), ("payments", 1), ("orders", 2), ("payments", 2)] {
      let hold = HoldID(boot: "boot", incarnation: 1, counter: UInt64(counter))
      let message = CoordinatorMessage.order(
        .witness(
          fence: Fence(epoch: 1, cut: 1, attempt: 1), member: try ServiceName(member),
          vector: WitnessVector([
            try ServiceName("orders"): hold, try ServiceName("payments"): hold,
          ])))
      sent.append(message)
      read.append(try CoordinatorMessage(message.wire(vectors)))
    }
    #expect(read == sent)
  }

  @Test func `records and certificates that are no JSON of their kind are refused`() {
    let nested = Data(String(repeating: "[", count: 100_000).utf8)
    for json in [Data("{}".utf8), Data("null".utf8), Data([0xff, 0xfe]), nested] {
      let records = Stillpoint_Fleet_V1_Records.with {
        $0.journal = "j"
        $0.records = [json]
      }
      #expect(refusal(Agent.with { $0.records = records })?.field == "agent.records.records[0]")
      let report = Stillpoint_Fleet_V1_Report.with {
        $0.fence = .init()
        $0.member = "orders"
        $0.certified = .with { $0.json = json }
      }
      #expect(refusal(Agent.with { $0.report = report })?.field == "agent.report.certified")
    }
  }

  @Test func `too large a plan is refused by the sender already`() throws {
    let order = CutOrder.prepare(
      fence: .none, member: try ServiceName("orders"), plan: Data(count: WireLimits.plan + 1),
      lease: .seconds(3))
    #expect(throws: WireError.self) { try CoordinatorMessage.order(order).wire() }
  }

  @Test func `texts for people are cut to what the wire takes, at a character`() throws {
    let long = String(repeating: "😀", count: 3000) + "\u{0}"
    let message = AgentMessage.report(
      CutReport(
        fence: .none, member: try ServiceName("orders"),
        news: .refused(Refusal(.failed, long, hint: "a\u{0}b"))))
    guard case .report(let report) = try AgentMessage(message.wire()),
      case .refused(let refusal) = report.news
    else {
      Issue.record("another kind of message came back")
      return
    }
    #expect(refusal.message.utf8.count <= WireLimits.text)
    #expect(refusal.message.hasSuffix("😀…"))
    #expect(refusal.hint == "ab")
  }

  @Test func `a batch takes what fits and says so when nothing does`() throws {
    func record(_ sequence: UInt64, bytes: Int) throws -> PlacementRecord {
      var generator = Generator(seed: sequence)
      var placement = try generator.placement()
      placement.labels = ["x": String(repeating: "y", count: bytes)]
      return PlacementRecord(
        sequence: sequence, time: generator.time(), change: .started(placement))
    }
    let three = try (1...3).map { try record($0, bytes: WireLimits.recordBytes / 2 - 5000) }
    #expect(try RecordBatch(three).records == Array(three[..<2]))
    let huge = try record(4, bytes: WireLimits.record)
    #expect(try RecordBatch([three[0], huge]).records == [three[0]])
    #expect(throws: WireError.self) { try RecordBatch([huge]) }
    let many = try (1...400).map { try record($0, bytes: 1) }
    #expect(try RecordBatch(many).records.count == WireLimits.records)
  }

  @Test func `damaged bytes never crash`() throws {
    var refused = 0
    for seed in UInt64(0)..<2000 {
      var generator = Generator(seed: seed)
      let message = AgentMessage.records(
        journal: "j", [try generator.record(1), try generator.record(2)])
      var bytes: Data = try message.wire().serializedBytes()
      for _ in 0...generator.below(4) {
        bytes[generator.below(bytes.count)] = UInt8(truncatingIfNeeded: generator.next())
      }
      if generator.bool() { bytes = bytes.prefix(generator.below(bytes.count)) }
      do {
        _ = try AgentMessage(Stillpoint_Fleet_V1_AgentMessage(serializedBytes: bytes))
        _ = try CoordinatorMessage(Stillpoint_Fleet_V1_CoordinatorMessage(serializedBytes: bytes))
      } catch {
        refused += 1
      }
    }
    #expect(refused > 1000)
  }

  @Test func `versions meet at the newest that both speak`() {
    func versions(_ oldest: UInt32, _ newest: UInt32) -> ProtocolVersions {
      ProtocolVersions(oldest: oldest, newest: newest)
    }
    #expect(versions(1, 3).common(with: versions(2, 5)) == 3)
    #expect(versions(1, 1).common(with: versions(1, 1)) == 1)
    #expect(versions(1, 2).common(with: versions(3, 4)) == nil)
    #expect(versions(3, 4).common(with: versions(1, 2)) == nil)
    #expect(versions(4, 3).common(with: versions(1, 9)) == nil)
  }
}
