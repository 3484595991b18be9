internal import Logging
internal import Model

/// A journal file, read.
struct JournalContent {
  static let adviceOnDamage =
    "restore the file, or move it away to begin a new journal: what the coordinator has stays there, "
    + "what it does not have is lost, and the time until then counts as unseen"

  var file: JournalFile
  var header: JournalHeader
  var extents: [PlacementJournal.Extent] = []
  var knowledge = PlacementKnowledge()
  var end: UInt64
  var boot: String?
  var observedThrough: Timestamp?
  /// The latest time of any record, in place of a mark that was lost.
  private var newestTime: Timestamp?

  init(file: JournalFile, header: JournalHeader, end: UInt64, boot: String? = nil) {
    self.file = file
    self.header = header
    self.end = end
    self.boot = boot
  }

  /// Begins a new journal. A crash leaves no file or a whole one.
  static func begin(_ path: String, in directory: String, node: NodeID) throws(JournalError)
    -> JournalContent
  {
    let header = JournalHeader.new(node: node, boot: nil)
    let new = try JournalFile(path: path + ".new", .emptied)
    for payload in try PlacementJournal.payloads(of: [.header(header)]) {
      try new.append(JournalFrame.encode(payload.bytes))
    }
    return JournalContent(
      file: try new.rename(to: path, in: directory), header: header, end: 0)
  }

  /// Reads a journal file whole. Changes it only to cut off a torn end.
  static func read(_ path: String, node: NodeID, mark: ObservedMark?, logger: Logger)
    throws(JournalError) -> JournalContent
  {
    let file = try JournalFile(path: path, .existing)
    let bytes = try file.read(at: 0, count: file.length)
    guard let first = JournalFrame.payload(of: bytes, at: 0) else {
      throw damage(path, at: 0, "it does not begin with a journal's header")
    }
    let header = try Self.header(in: first, of: path)
    guard header.node == node else {
      throw JournalError(
        .foreign, "\(path) is the placement journal of node \(header.node), not of \(node)",
        hint: "a state directory belongs to one node; give this agent its own")
    }
    var content = JournalContent(
      file: file, header: header, end: header.base, boot: header.boot)
    var offset = 0
    while let payload = JournalFrame.payload(of: bytes, at: offset) {
      let entries: [JournalEntry]
      do {
        entries = try JournalEntry.entries(in: payload)
      } catch {
        throw damage(
          path, at: offset, "its checksum is right and its content cannot be read: \(error)")
      }
      try content.take(entries, at: offset, size: payload.count)
      offset += JournalFrame.headerSize + payload.count
    }
    try content.finish(bytes, whole: offset, mark: mark, logger: logger)
    return content
  }

  private static func header(in payload: ArraySlice<UInt8>, of path: String) throws(JournalError)
    -> JournalHeader
  {
    if case .header(let header)? = (try? JournalEntry.entries(in: payload))?.first,
      header.format == JournalHeader.currentFormat
    {
      guard header.base <= JournalHeader.lastNumber else {
        throw damage(path, at: 0, "record \(header.base) cannot be")
      }
      return header
    }
    guard let format = JournalFormat(in: payload)?.number, format > JournalHeader.currentFormat
    else { throw damage(path, at: 0, "it does not begin with a journal's header") }
    throw JournalError(
      .newer,
      "\(path) has format \(format), and this version reads up to \(JournalHeader.currentFormat)",
      hint: "install the version of the agent that wrote it, or a newer one")
  }

  private mutating func take(_ entries: [JournalEntry], at offset: Int, size: Int)
    throws(JournalError)
  {
    for entry in entries {
      switch entry {
      case .header(let other):
        guard offset == 0, other == header else {
          throw Self.damage(file.path, at: offset, "it has a second header")
        }
      case .running(let placement):
        knowledge.apply(TimedChange(.started(placement), at: placement.startedAt))
      case .closed(let container, let time):
        knowledge.apply(TimedChange(.ended(container, .removed), at: time))
      case .booted(let new):
        boot = new
      case .record(let record):
        guard record.sequence > end, record.sequence - end == 1 else {
          throw Self.damage(
            file.path, at: offset, "record \(record.sequence) follows record \(end)")
        }
        end = record.sequence
        if record.sequence > header.snapshotThrough {
          knowledge.apply(TimedChange(record.change, at: record.time))
        }
        newestTime = max(newestTime ?? record.time, record.time)
        if let last = extents.last, last.offset == offset {
          extents[extents.count - 1].last = record.sequence
        } else {
          extents.append(
            .init(first: record.sequence, last: record.sequence, offset: offset, payload: size))
        }
      }
    }
  }

  /// Judges what lies behind the last whole frame, and takes over the mark.
  private mutating func finish(
    _ bytes: [UInt8], whole: Int, mark: ObservedMark?, logger: Logger
  ) throws(JournalError) {
    let mark = mark.flatMap { $0.journal == header.tag ? $0 : nil }
    if let mark, mark.file == header.file, mark.durableLength > UInt64(whole) {
      throw Self.damage(
        file.path, at: whole, "\(mark.durableLength) bytes of it are known to have been durable")
    }
    guard end >= header.snapshotThrough else {
      throw Self.damage(
        file.path, at: whole,
        "it ends with record \(end), and its snapshot speaks of record \(header.snapshotThrough)")
    }
    if whole < bytes.count {
      if let next = JournalFrame.firstFrame(in: bytes, from: whole + 1) {
        throw Self.damage(file.path, at: whole, "an undamaged frame follows at byte \(next)")
      }
      try file.truncate(to: whole)
      logger.warning(
        "torn end of the placement journal cut off",
        metadata: ["file": "\(file.path)", "at": "\(whole)", "bytes": "\(bytes.count - whole)"])
    }
    observedThrough = mark?.observed ?? newestTime
  }

  private static func damage(_ path: String, at offset: Int, _ reason: String) -> JournalError {
    JournalError(
      .corrupt, "\(path) is damaged at byte \(offset): \(reason)", hint: adviceOnDamage)
  }
}
