import AgentCore
import Glibc
import Logging
import Model
import SeededRandom
import Testing

@Suite struct PlacementJournalTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  func open(_ limits: PlacementJournal.Limits = .init(), node: NodeID = sampleNode)
    throws(JournalError) -> PlacementJournal
  {
    try PlacementJournal.open(
      directory: directory.path, node: node, limits: limits, logger: silentLogger)
  }

  func code(_ body: () throws -> Void) -> JournalError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? JournalError)?.code
    }
  }

  @Test func `what was appended is there after opening again`() throws {
    var journal = try open()
    let id = journal.id
    try journal.append([sampleChange(1), sampleChange(2)], boot: "boot-1")
    try journal.append([
      TimedChange(.ended(ContainerID(accepted: "container-1"), .removed), at: at(9))
    ])
    try journal.observed(through: at(500))
    let records = try journal.records(after: 0, limit: 10)
    let knowledge = journal.knowledge
    _ = consume journal

    journal = try open()
    #expect(journal.id == id)
    #expect(journal.end == 3)
    #expect(journal.boot == "boot-1")
    #expect(journal.observedThrough == at(500))
    #expect(journal.knowledge == knowledge)
    #expect(try journal.records(after: 0, limit: 10) == records)
    #expect(records.map(\.sequence) == [1, 2, 3])
    #expect(try journal.records(after: 1, limit: 1).map(\.sequence) == [2])
  }

  @Test func `an end torn at any byte is cut off and nothing before it is lost`() throws {
    var journal = try open()
    try journal.append([sampleChange(1)])
    try journal.append([sampleChange(2)])
    try journal.observed(through: at(500))
    let whole = journal.size
    let mark = try directory.file("placements.observed")
    try journal.append([sampleChange(3)])
    _ = consume journal
    let bytes = try directory.file("placements.journal")

    for length in whole..<bytes.count {
      try directory.write(Array(bytes.prefix(length)), to: "placements.journal")
      try directory.write(mark, to: "placements.observed")
      journal = try open()
      #expect(journal.end == 2, "torn at \(length)")
      try journal.append([sampleChange(4)])
      #expect(
        try journal.records(after: 1, limit: 9).map(\.change)
          == [2, 4].map { sampleChange($0).change })
      _ = consume journal
    }
  }

  @Test func `an end of zeros, as a power cut leaves it, is cut off`() throws {
    var journal = try open()
    try journal.append([sampleChange(1)])
    _ = consume journal
    let bytes = try directory.file("placements.journal")
    try directory.write(bytes + [UInt8](repeating: 0, count: 5000), to: "placements.journal")
    journal = try open()
    #expect(journal.end == 1)
    #expect(journal.size == bytes.count)
  }

  @Test func `damage in the middle is refused and the file is left as it is`() throws {
    let journal = try open()
    for number in 1...2 { try journal.append([sampleChange(number)]) }
    let lastFrame = journal.size
    try journal.append([sampleChange(3)])
    _ = consume journal
    let bytes = try directory.file("placements.journal")
    for offset in stride(from: 0, to: lastFrame, by: 7) {
      var damaged = bytes
      damaged[offset] ^= 0x10
      try directory.write(damaged, to: "placements.journal")
      #expect(code { _ = try open() } == .corrupt, "damaged at \(offset)")
      #expect(try directory.file("placements.journal") == damaged)
    }
  }

  @Test func `an end that is known to have been durable is never cut off`() throws {
    let journal = try open()
    try journal.append([sampleChange(1)])
    try journal.append([sampleChange(2)])
    try journal.observed(through: at(500))
    _ = consume journal
    var bytes = try directory.file("placements.journal")
    bytes[bytes.count - 3] ^= 1
    try directory.write(bytes, to: "placements.journal")
    #expect(code { _ = try open() } == .corrupt)
    #expect(try directory.file("placements.journal") == bytes)
    try directory.write([], to: "placements.journal")
    #expect(code { _ = try open() } == .corrupt)
  }

  @Test func `a journal that was moved away is followed by a new one`() throws {
    var journal = try open()
    let id = journal.id
    try journal.append([sampleChange(1)])
    try journal.observed(through: at(500))
    _ = consume journal
    #expect(rename(directory.path + "/placements.journal", directory.path + "/aside") == 0)
    journal = try open()
    #expect(journal.id != id)
    #expect(journal.end == 0)
    #expect(journal.observedThrough == nil)
    try journal.observed(through: at(700))
    _ = consume journal
    #expect(try open().observedThrough == at(700))
  }

  @Test func `the journal of another node, of a newer version or in use is refused`() throws {
    var journal = try open()
    #expect(code { _ = try open() } == .inUse)
    _ = consume journal
    #expect(code { _ = try open(node: NodeID(accepted: "node-2")) } == .foreign)
    let newer = Array(#"[{"header":{"_0":{"format":2,"other":[]}}}]"#.utf8)
    try directory.write(testFrame(newer), to: "placements.journal")
    #expect(code { _ = try open() } == .newer)
    let elsewhere = try TemporaryDirectory()
    journal = try PlacementJournal.open(
      directory: elsewhere.path, node: sampleNode, logger: silentLogger)
    #expect(journal.end == 0)
    _ = consume journal
    _ = consume elsewhere
  }

  @Test func `acknowledged records are dropped, the others and what is known stay`() throws {
    let limits = PlacementJournal.Limits(compaction: 4096)
    var journal = try open(limits)
    for number in 1...60 { try journal.append([sampleChange(number)]) }
    let ended = ContainerID(accepted: "container-1")
    try journal.append([TimedChange(.ended(ended, .removed), at: at(100))])
    let knowledge = journal.knowledge
    let size = journal.size
    try journal.acknowledge(through: 59)
    #expect(journal.base == 59)
    #expect(journal.size < size)
    #expect(try journal.records(after: 59, limit: 9).map(\.sequence) == [60, 61])
    #expect(code { _ = try journal.records(after: 58, limit: 9) } == .discontinuity)
    #expect(code { _ = try journal.records(after: 62, limit: 9) } == .discontinuity)
    try journal.append([sampleChange(62)])
    _ = consume journal

    journal = try open(limits)
    var expected = knowledge
    expected.apply(sampleChange(62))
    #expect(journal.knowledge == expected)
    #expect(journal.end == 62)
    #expect(try journal.records(after: 59, limit: 9).map(\.sequence) == [60, 61, 62])
  }

  @Test func `a rewrite that was interrupted leaves the file in force`() throws {
    var journal = try open()
    try journal.append([sampleChange(1)])
    _ = consume journal
    try directory.write([1, 2, 3], to: "placements.journal.new")
    journal = try open()
    #expect(journal.end == 1)
    #expect(access(directory.path + "/placements.journal.new", F_OK) != 0)
  }

  @Test func `the journal stays within its limit until the coordinator has caught up`() throws {
    let journal = try open(.init(fileSize: 8192, compaction: 1024))
    var number = 0
    let refusal = code {
      while true {
        try journal.append([sampleChange(number + 1)])
        number += 1
      }
    }
    #expect(refusal == .full)
    #expect(journal.size <= 8192)
    #expect(journal.end == UInt64(number))
    // Ended containers make room in the snapshot as well.
    #expect(try journal.records(after: 0, limit: 999).count == number)
  }

  @Test func `a new journal in place of the old one forgets everything`() throws {
    let journal = try open()
    let id = journal.id
    try journal.append([sampleChange(1)], boot: "boot-1")
    try journal.beginAnew()
    #expect(journal.id != id)
    #expect(journal.end == 0)
    #expect(journal.boot == "boot-1")
    #expect(journal.knowledge == PlacementKnowledge())
    try journal.append([sampleChange(2)])
    #expect(try journal.records(after: 0, limit: 9).map(\.sequence) == [1])
  }

  @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
  func `a full disk refuses new records and keeps every old one`() throws {
    try #require(mount("tmpfs", directory.path, "tmpfs", 0, "size=64k") == 0, "tmpfs is mounted")
    defer { umount2(directory.path, Int32(MNT_DETACH)) }
    var journal = try open()
    try journal.append([sampleChange(1)])
    try directory.write([UInt8](repeating: 1, count: 44 << 10), to: "ballast")
    var number = 1
    let refusal = code {
      while number < 1000 {
        try journal.append([sampleChange(number + 1)])
        number += 1
      }
    }
    #expect(refusal == .full)
    #expect(journal.end == UInt64(number))
    unlink(directory.path + "/ballast")
    try journal.append([sampleChange(number + 1)])
    let records = try journal.records(after: 0, limit: 9999)
    _ = consume journal
    journal = try open()
    #expect(try journal.records(after: 0, limit: 9999) == records)
    #expect(records.map(\.sequence) == Array(1...UInt64(number + 1)))
  }

  @Test(arguments: 0..<30)
  func `a random life with restarts ends with what a plain list says`(seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let limits = PlacementJournal.Limits(compaction: 2048, readSize: 3000)
    var journal = try open(limits)
    var model: [TimedChange] = []
    var acknowledged: UInt64 = 0
    for _ in 0..<60 {
      switch Int.random(in: 0..<6, using: &generator) {
      case 0..<3:
        let count = Int.random(in: 1...5, using: &generator)
        let changes = (0..<count).map { _ -> TimedChange in
          let number = Int.random(in: 0..<20, using: &generator)
          guard Bool.random(using: &generator) else { return sampleChange(number) }
          let id = ContainerID(accepted: "container-\(number)")
          return TimedChange(.ended(id, .exited(code: 3)), at: at(Int64(number) + 50))
        }
        try journal.append(changes)
        model += changes
      case 3:
        acknowledged = max(
          acknowledged, UInt64.random(in: 0...UInt64(model.count), using: &generator))
        try journal.acknowledge(through: acknowledged)
      case 4:
        try journal.observed(through: at(Int64(model.count)))
      default:
        _ = consume journal
        journal = try open(limits)
      }
      var knowledge = PlacementKnowledge()
      for change in model { knowledge.apply(change) }
      #expect(journal.knowledge == knowledge, "seed \(seed)")
      #expect(journal.end == UInt64(model.count), "seed \(seed)")
    }
    var read: [PlacementRecord] = []
    while case let next = try journal.records(after: acknowledged + UInt64(read.count), limit: 7),
      !next.isEmpty
    {
      read += next
    }
    #expect(
      read.map { TimedChange($0.change, at: $0.time) } == Array(model.dropFirst(Int(acknowledged))),
      "seed \(seed)")
  }

  /// A frame as the journal's format has it, made apart from the code under test.
  private func testFrame(_ payload: [UInt8]) -> [UInt8] {
    var sum = UInt32.max
    for byte in payload {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0x82F6_3B78 : sum >> 1 }
    }
    func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(number >> (8 * $0) & 0xFF) } }
    return bytes(UInt32(payload.count)) + bytes(~sum) + payload
  }
}
