import CutProtocol
import Foundation
import Model
import Testing

@testable import AgentCore

/// Files whose checksums are right and whose content no agent has written.
@Suite struct `An agent's own files` {
  @Test func `a ledger that leaves no room for another start is refused`() {
    func ledger(_ incarnation: UInt64) -> Data {
      Data(
        #"""
        {"version":1,"incarnation":\#(incarnation),"highest":{"epoch":1,"cut":1,"attempt":1},
        "members":{},"entries":[]}
        """#.utf8)
    }
    #expect(AgentLedger.Content(ledger(7))?.incarnation == 7)
    #expect(AgentLedger.Content(ledger(.max)) == nil)
  }

  @Test func `a journal that leaves no room for another record is refused as damaged`() throws {
    let directory = try TemporaryDirectory()
    var header = JournalHeader.new(node: sampleNode, boot: nil)
    header.base = .max
    header.snapshotThrough = .max
    for payload in try PlacementJournal.payloads(of: [.header(header)]) {
      let file = try JournalFile(path: directory.path + "/placements.journal", .emptied)
      try file.append(JournalFrame.encode(payload.bytes))
    }
    let error = #expect(throws: JournalError.self) {
      try PlacementJournal.open(
        directory: directory.path, node: sampleNode, logger: silentLogger)
    }
    #expect(error?.code == .corrupt)
  }

  @Test func `megabytes of garbage behind the last frame cost no checksum for each byte`() {
    // Every fourth byte is zero, so that every position has a length that can be.
    var state: UInt32 = 7
    let garbage = (0..<(4 << 20)).map { index -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return index % 4 == 3 ? 0 : UInt8(truncatingIfNeeded: state >> 24)
    }
    let start = ContinuousClock.now
    #expect(JournalFrame.firstFrame(in: garbage, from: 1) == nil)
    // Some 300 checksums instead of a million over megabytes each: seconds instead of hours.
    #expect(ContinuousClock.now - start < .seconds(60))
    let frame = JournalFrame.encode(Array("[1]".utf8))
    #expect(JournalFrame.firstFrame(in: [0, 0] + frame, from: 0) == 2)
  }

  @Test func `a mark that leaves no room for another is none`() {
    func mark(_ count: UInt64) -> [UInt8] {
      ObservedMark(
        count: count, journal: 1, observed: Timestamp(nanoseconds: 0), file: 1, durableLength: 0
      ).bytes
    }
    #expect(ObservedMark(newestIn: mark(3))?.count == 3)
    #expect(ObservedMark(newestIn: mark(.max)) == nil)
  }
}
