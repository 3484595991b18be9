internal import Logging
package import Model

/// The agent's own durable record of what changed on its node, until the coordinator has it.
///
/// One file of checksummed frames, `placements.journal`, in the agent's state directory; see `open` for what it
/// promises after a crash. Not for use by more than one task at a time; calls block on the disk.
package final class PlacementJournal {
  /// The journal's bounds.
  package struct Limits: Hashable, Sendable {
    /// The file never grows beyond it; `append` then refuses with `full` until the coordinator has acknowledged.
    package var fileSize: Int
    /// Less than this much acknowledged content is not worth a rewrite.
    package var compaction: Int
    /// One call of `records` reads about this many bytes at most, but always at least one frame.
    package var readSize: Int

    package init(
      fileSize: Int = 64 << 20, compaction: Int = 64 << 10, readSize: Int = 1 << 20
    ) {
      self.fileSize = fileSize
      self.compaction = compaction
      self.readSize = readSize
    }
  }

  /// Where a run of records lies in the file.
  struct Extent: Hashable {
    var first: UInt64
    var last: UInt64
    var offset: Int
    var payload: Int
  }

  let directory: String
  package let node: NodeID
  package let limits: Limits
  let logger: Logger
  /// Held for as long as the journal is open.
  let lock: JournalFile
  let markFile: JournalFile
  var file: JournalFile
  var header: JournalHeader
  var extents: [Extent]
  /// How often the mark was written; its slots are used in turn.
  var markCount: UInt64
  var acknowledged: UInt64

  /// What all records together say.
  package internal(set) var knowledge: PlacementKnowledge
  /// The newest record's number; 0 before the first.
  package internal(set) var end: UInt64
  /// The boot in which the newest records were seen; nil before it was first told.
  package internal(set) var boot: String?
  /// Up to when the node was watched, as far as this was kept; nil for a new journal.
  package internal(set) var observedThrough: Timestamp?

  init(
    directory: String, limits: Limits, logger: Logger, lock: JournalFile, markFile: JournalFile,
    markCount: UInt64, content: JournalContent
  ) {
    self.directory = directory
    self.limits = limits
    self.logger = logger
    self.lock = lock
    self.markFile = markFile
    self.file = content.file
    self.header = content.header
    self.node = content.header.node
    self.extents = content.extents
    self.knowledge = content.knowledge
    self.end = content.end
    self.boot = content.boot
    self.acknowledged = content.header.base
    self.markCount = markCount
    self.observedThrough = content.observedThrough
  }

  /// 32 hexadecimal digits, chosen when the journal began. A new journal has another one and counts from 1 again.
  package var id: String { header.journal }

  /// Records up to here are not kept any more.
  package var base: UInt64 { header.base }

  /// The file's length in bytes.
  package var size: Int { file.length }

  /// Gives the changes their numbers and makes them durable, with one flush. `boot` tells of a new boot of the node.
  ///
  /// When it throws, nothing of them was recorded, apart from whole leading parts of a very large batch, which then
  /// count as recorded: ask the journal's `knowledge` again before another try.
  package func append(_ changes: [TimedChange], boot newBoot: String? = nil)
    throws(JournalError)
  {
    var entries: [JournalEntry] = newBoot.map { [.booted($0)] } ?? []
    for (index, change) in changes.enumerated() {
      let number = end + 1 + UInt64(index)
      entries.append(
        .record(PlacementRecord(sequence: number, time: change.time, change: change.change)))
    }
    guard !entries.isEmpty else { return }
    if file.isSuspect { try rewrite() }
    for payload in try Self.payloads(of: entries) {
      let frame = JournalFrame.encode(payload.bytes)
      if file.length + frame.count > limits.fileSize, acknowledged > header.base { try rewrite() }
      guard file.length + frame.count <= limits.fileSize else {
        throw JournalError(
          .full,
          "the placement journal \(file.path) has reached its limit of \(limits.fileSize) bytes",
          hint: "the coordinator has acknowledged \(acknowledged) of \(end) records; connect it")
      }
      let offset = file.length
      try file.append(frame)
      for entry in payload.entries { note(entry, offset: offset, payload: payload.bytes.count) }
    }
  }

  /// The records above `sequence`, oldest first and without holes; at most `limit`, and fewer when they are large.
  package func records(after sequence: UInt64, limit: Int) throws(JournalError)
    -> [PlacementRecord]
  {
    guard sequence >= header.base, sequence <= end else {
      throw JournalError(
        .discontinuity,
        "record \(sequence) is asked for, and journal \(id) of \(node) has \(header.base) to \(end)",
        hint: "the coordinator's catalog is older or newer than this journal; begin a new one")
    }
    var found: [PlacementRecord] = []
    var size = 0
    for extent in extents where extent.last > sequence {
      if found.count >= limit || (size > 0 && size + extent.payload > limits.readSize) { break }
      size += extent.payload
      for case .record(let record) in try entries(of: extent) where record.sequence > sequence {
        found.append(record)
      }
    }
    return Array(found.prefix(max(0, limit)))
  }

  /// The coordinator has stored everything up to and with `sequence`. Rewrites the file without it once that is worth
  /// while; a rewrite that fails leaves the file as it was, and throws.
  package func acknowledge(through sequence: UInt64) throws(JournalError) {
    acknowledged = max(acknowledged, min(sequence, end))
    let remaining = extents.first { $0.last > acknowledged }?.offset ?? file.length
    guard acknowledged > header.base, remaining >= limits.compaction, remaining * 2 > file.length
    else { return }
    try rewrite()
  }

  /// Notes that the node was watched up to `time` and that the journal tells all of it. Costs no flush.
  package func observed(through time: Timestamp) throws(JournalError) {
    observedThrough = time
    let mark = ObservedMark(
      count: markCount + 1, journal: header.tag, observed: time, file: header.file,
      durableLength: UInt64(file.length))
    try markFile.write(mark.bytes, at: Int(mark.count % 2) * ObservedMark.slotSize)
    markCount = mark.count
  }

  /// Begins a new journal in this one's place: what is known to run is forgotten with it, so that the next listing tells
  /// everything anew. For a coordinator that cannot continue this journal.
  package func beginAnew() throws(JournalError) {
    let header = JournalHeader.new(node: node, boot: boot)
    try replaceFile(header: header, entries: [.header(header)], records: [])
    self.knowledge = PlacementKnowledge()
    self.end = 0
    self.acknowledged = 0
    self.observedThrough = nil
  }

  static func payloads(of entries: [JournalEntry]) throws(JournalError)
    -> [(entries: [JournalEntry], bytes: [UInt8])]
  {
    do {
      return try JournalEntry.payloads(of: entries)
    } catch let error as JournalError {
      throw error
    } catch {
      throw JournalError(.io, "a placement record cannot be encoded: \(error)")
    }
  }

  private func note(_ entry: JournalEntry, offset: Int, payload: Int) {
    switch entry {
    case .record(let record):
      knowledge.apply(TimedChange(record.change, at: record.time))
      end = record.sequence
      if let last = extents.last, last.offset == offset {
        extents[extents.count - 1].last = record.sequence
      } else {
        extents.append(
          Extent(
            first: record.sequence, last: record.sequence, offset: offset, payload: payload))
      }
    case .booted(let new):
      boot = new
    case .header, .running, .closed:
      break
    }
  }

  func entries(of extent: Extent) throws(JournalError) -> [JournalEntry] {
    let size = JournalFrame.headerSize + extent.payload
    let frame = try file.read(at: extent.offset, count: size)
    guard let payload = JournalFrame.payload(of: frame, at: 0),
      let entries = try? JournalEntry.entries(in: payload)
    else {
      throw JournalError(
        .corrupt, "\(file.path) changed on the disk: the frame at byte \(extent.offset) is damaged",
        hint: JournalContent.adviceOnDamage)
    }
    return entries
  }
}
