import CutProtocol
import Foundation
import GuardianWatch
import Logging
import Model
import OperatorFakes

@testable import AgentCore
@testable import Quiescers

extension FuzzTarget {
  /// The files from which an agent learns what it must not forget: ledger, hold record, mark.
  static let agentState = FuzzTarget(
    name: "agent-state",
    words: [
      "\"version\":1", "\"incarnation\":", "18446744073709551615", "\"rescue\":[", "\"thaw\":",
      "\"kill\":", "\"run\":", "\"timeout\":-1", "\"boot\":\"../..\"", "\"inside\":",
    ],
    seeds: {
      let record = HoldRecord(
        hold: Sample.hold, member: Example.orders, fence: Sample.fence, takenAt: Example.start,
        rescue: [
          .thaw(mountPoint: "/data", device: "7:1"), .kill(pid: 7, startTicks: 9),
          .run(["/bin/true"], timeout: Elapsed(.seconds(5)), inside: nil),
        ])
      let ledger = #"""
        {"version":1,"incarnation":3,"highest":{"epoch":1,"cut":2,"attempt":1},
        "members":{"orders":{"epoch":1,"cut":2,"attempt":1}},"entries":[]}
        """#
      let mark = ObservedMark(
        count: 1, journal: 2, observed: Example.start, file: 3, durableLength: 4)
      return try [[0] + Array(ledger.utf8), [1] + Sample.json(record), [2] + mark.bytes]
    },
    run: { bytes in
      var parts = Parts(bytes)
      switch parts.byte() % 3 {
      case 0:
        guard let content = AgentLedger.Content(Data(parts.rest)) else { return }
        try BrokenPromise.unless(content.incarnation < .max, "no further start is possible")
        _ = try Sample.json(content)
      case 1:
        switch RecordFile(Data(parts.rest)) {
        case .whole(let record), .partial(let record, _):
          try Sample.survivesJSON(record, "hold record")
        case .unreadable(let reason): try BrokenPromise.unlessShort(reason, atMost: 4 << 10)
        }
      default:
        guard let mark = ObservedMark(newestIn: parts.rest) else { return }
        try BrokenPromise.unless(mark.count < .max, "no further mark is possible")
      }
    })

  /// A journal file: its bytes as they are, or frames around given payloads, so that checksums do not keep everything out.
  static let journal = FuzzTarget(
    name: "journal",
    words: [
      "{\"header\":{\"_0\":", "\"base\":18446744073709551615", "\"snapshotThrough\":",
      "\"format\":2",
      "{\"record\":{\"_0\":", "\"sequence\":1", "{\"booted\":", "{\"closed\":", "{\"running\":",
    ],
    seeds: {
      let header = JournalHeader.new(node: Example.node(1), boot: "b")
      let entries = [JournalEntry.header(header)] + Sample.records.map { JournalEntry.record($0) }
      let payloads = try entries.map { try Sample.json([$0]) }
      let frames = payloads.flatMap { JournalFrame.encode($0) }
      return [[0] + Parts.joined(payloads), [1] + frames]
    },
    run: { bytes in
      var parts = Parts(bytes)
      var file: [UInt8] = []
      if parts.byte() % 2 == 0 {
        while !parts.isEmpty {
          let payload = parts.next()
          if !payload.isEmpty { file += JournalFrame.encode(payload) }
        }
      } else {
        file = parts.rest
      }
      try open(file)
    })

  private static func open(_ file: [UInt8]) throws {
    let directory = scratchDirectory
    let path = directory + "/placements.journal"
    for name in ["/placements.journal", "/placements.observed", "/placements.lock"] {
      unlink(directory + name)
    }
    guard FileManager.default.createFile(atPath: path, contents: Data(file)) else { return }
    let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
    do {
      let (written, read) = try appendOne(directory, logger)
      try BrokenPromise.unlessSame(read, [written], "a record that was appended")
    } catch let error as JournalError {
      try BrokenPromise.unlessShort(error.description, atMost: 16 << 10)
    }
  }

  private static func appendOne(_ directory: String, _ logger: Logger) throws(JournalError)
    -> (UInt64, [UInt64])
  {
    let journal = try PlacementJournal.open(
      directory: directory, node: Example.node(1), logger: logger)
    let end = journal.end
    let gone = TimedChange(.ended(ContainerID(accepted: "gone"), .removed), at: Example.start)
    try journal.append([gone])
    try journal.observed(through: Example.start)
    let records = try journal.records(after: end, limit: 10)
    try journal.acknowledge(through: end)
    return (end + 1, records.map(\.sequence))
  }

  /// In memory where that is possible: every append is flushed.
  private static let scratchDirectory: String = {
    let base = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
    let path = "\(base)/stillpoint-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    // It may be there from an earlier process of this number.
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }()

  /// What reaches the guardian's socket, and what a sequence of it leads to.
  static let guardian = FuzzTarget(
    name: "guardian", words: ["SP\u{1}\u{2}", "SP\u{1}\u{3}", "SP\u{1}\u{4}", "boot/1/2"],
    seeds: {
      let contents: [GuardianMessage.Content] = [
        .hello,
        .arm(
          HoldKey("boot/1/2"),
          actions: [
            .thaw, .kill, .write(Array("UNPAUSE\n".utf8)),
            .run(arguments: ["/bin/true"], environment: ["A=b"], timeout: .seconds(1)),
          ], lease: .seconds(3), cap: .seconds(10)),
        .renew(HoldKey("boot/1/2"), lease: .seconds(3)), .disarm(HoldKey("boot/1/2")), .armed,
        .refused("no"), .renewal(.renewed), .disarmed(.idle),
      ]
      let messages = try contents.map { try GuardianMessage(number: 1, content: $0).encoded() }
      return [Parts.joined(messages)] + messages.map { Parts.joined([$0]) }
    },
    run: { bytes in
      var parts = Parts(bytes)
      var watch = GuardianWatch()
      var now = Duration.zero
      var armedUntil = Duration.zero
      while !parts.isEmpty {
        let bytes = parts.next()
        now += .milliseconds(bytes.count)
        guard let message = try? GuardianMessage(bytes) else { continue }
        try BrokenPromise.unlessSame(
          try GuardianMessage(message.encoded()), message, "a message to the guardian")
        switch message.content {
        case .arm(let key, let actions, let lease, let cap):
          if watch.arm(key, actions: actions, lease: lease, cap: cap, now: now) == .armed {
            armedUntil = max(armedUntil, now + GuardianLimits.longestCap)
          }
        case .renew(let key, let lease): _ = watch.renew(key, lease: lease, now: now)
        case .disarm(let key): _ = watch.disarm(key, now: now)
        default: _ = watch.tick(now: now)
        }
      }
      _ = watch.tick(now: max(now, armedUntil))
      try BrokenPromise.unless(watch.armedCount == 0, "a hold outlasts the longest cap")
    })

  /// What a database's client prints.
  static let clientOutput = FuzzTarget(
    name: "client-output",
    words: [
      "stillpoint-1-end\n", "00000\n", "42501\n", "ERROR 1205 (HY000) at line 3: ", "NOAUTH ",
      "LOADING ", "\u{1f}", "\t", "\r\n", "role:master", "\n\n",
    ],
    seeds: {
      [
        "on\u{1f}off\n00000\nstillpoint-1-end\n",
        "ERROR 1205 (HY000) at line 3: x\nstillpoint-1-end\n",
        "dir\n/data\nstillpoint-1-end\nrest", "NOAUTH Authentication required.\n",
      ].map { Array($0.utf8) }
    },
    run: { bytes in
      let marker = "stillpoint-1-end"
      let ends: (String) -> Bool = { $0.hasPrefix("NOAUTH ") }
      var whole = AnswerLines(marker: marker, left: [], endsAnswer: ends)
      guard whole.append(bytes[...]) else { return }
      let lines = whole.next()
      var pieces = AnswerLines(marker: marker, left: [], endsAnswer: ends)
      var again: [String]?
      for piece in stride(from: 0, to: bytes.count, by: 7) {
        _ = pieces.append(bytes[piece..<min(piece + 7, bytes.count)])
        again = pieces.next()
        if again != nil { break }
      }
      try BrokenPromise.unlessSame(again, lines, "an answer that came in pieces")
      let said = lines ?? whole.allLines
      switch MariaDBSession.result(said) {
      case .success(let rows): try BrokenPromise.unless(rows.count == said.count, "rows are lost")
      case .failure: break
      }
      _ = try? PostgreSQLSession.rows(of: said, "`SELECT`", Example.orders)
      _ = try? RedisSession.checked(said, "INFO", Example.orders)
    })
}
