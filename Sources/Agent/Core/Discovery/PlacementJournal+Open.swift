internal import Glibc
package import Logging
package import Model

extension PlacementJournal {
  /// Opens the journal in `directory`, which must exist, or begins a new one there.
  ///
  /// What was appended before a crash is there. A frame that a crash tore is cut off, with a warning: nobody was told of
  /// it. Anything else that is wrong is an error that leaves every file as it is, because numbers that the coordinator
  /// has already applied could otherwise be given to other records: damage in the middle, an end that lies before what
  /// is known to have been durable, another node's journal, a newer format. Moving `placements.journal` away is the
  /// operator's decision; the next start then begins a new journal, and the time before it counts as unseen.
  package static func open(
    directory: String, node: NodeID, limits: Limits = Limits(), logger: Logger
  ) throws(JournalError) -> PlacementJournal {
    let lock = try JournalFile(path: directory + "/placements.lock", .kept)
    try lock.lock()
    let path = directory + "/placements.journal"
    // Left by a rewrite that did not finish; the file in force is whole.
    unlink(path + ".new")
    let markFile = try JournalFile(path: directory + "/placements.observed", .kept)
    let mark = ObservedMark(newestIn: try markFile.read(at: 0, count: ObservedMark.fileSize))
    let content =
      try JournalFile.exists(path)
      ? try JournalContent.read(path, node: node, mark: mark, logger: logger)
      : try JournalContent.begin(path, in: directory, node: node)
    if content.header.base == 0, content.end == 0 {
      logger.notice("placement journal begun", metadata: ["journal": "\(content.header.journal)"])
    }
    return PlacementJournal(
      directory: directory, limits: limits, logger: logger, lock: lock, markFile: markFile,
      markCount: mark?.count ?? 0, content: content)
  }
}

extension JournalHeader {
  /// The journal's ID in the form that marks carry.
  var tag: UInt64 { UInt64(journal.prefix(16), radix: 16) ?? 0 }

  static func new(node: NodeID, boot: String?) -> JournalHeader {
    let id = (0..<4).map { _ -> String in
      let digits = String(UInt32.random(in: 0...UInt32.max), radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }
    return JournalHeader(
      format: currentFormat, journal: id.joined(), node: node,
      file: UInt64.random(in: 1...UInt64.max), base: 0, snapshotThrough: 0, boot: boot)
  }
}
