internal import Logging
internal import Model

extension PlacementJournal {
  /// Writes a new file with a snapshot of what is known and the records that are not acknowledged, and puts it in this
  /// one's place. The old file stays until the new one is durable under its name.
  func rewrite() throws(JournalError) {
    var header = header
    header.file = UInt64.random(in: 1...UInt64.max)
    header.base = acknowledged
    header.snapshotThrough = end
    header.boot = boot
    var entries: [JournalEntry] = [.header(header)]
    entries += knowledge.running.values.sorted { $0.container < $1.container }
      .map(JournalEntry.running)
    entries += knowledge.closed.sorted { $0.key < $1.key }
      .map { JournalEntry.closed($0.key, $0.value) }
    var records: [JournalEntry] = []
    for extent in extents where extent.last > acknowledged {
      for entry in try self.entries(of: extent) {
        if case .record(let record) = entry, record.sequence > acknowledged {
          records.append(entry)
        }
      }
    }
    let before = file.length
    try replaceFile(header: header, entries: entries, records: records)
    logger.info(
      "placement journal compacted",
      metadata: ["bytes": "\(before) → \(file.length)", "acknowledged": "\(acknowledged)"])
  }

  func replaceFile(header: JournalHeader, entries: [JournalEntry], records: [JournalEntry])
    throws(JournalError)
  {
    let new = try JournalFile(path: file.path + ".new", .emptied)
    var bytes: [UInt8] = []
    for payload in try Self.payloads(of: entries) { bytes += JournalFrame.encode(payload.bytes) }
    var extents: [Extent] = []
    for payload in try Self.payloads(of: records) {
      guard case .record(let first)? = payload.entries.first,
        case .record(let last)? = payload.entries.last
      else { continue }
      extents.append(
        Extent(
          first: first.sequence, last: last.sequence, offset: bytes.count,
          payload: payload.bytes.count))
      bytes += JournalFrame.encode(payload.bytes)
    }
    try new.append(bytes)
    file = try new.rename(to: file.path, in: directory)
    self.header = header
    self.extents = extents
    // The mark's length belongs to the old file, which its number tells; only its time counts until the next one.
  }
}
