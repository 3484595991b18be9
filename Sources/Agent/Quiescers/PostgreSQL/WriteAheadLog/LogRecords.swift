/// Walks over the records of a write-ahead log.
///
/// The layout is that of `xlog_internal.h` and `xlogrecord.h`, the same since PostgreSQL 9.5: pages with a header, records
/// aligned to 8 bytes that go on behind the header of the next page. Numbers are in the machine's own order. Each record names
/// the one before it, so that bytes of another layout are noticed and never taken for records.
struct LogRecords {
  /// One record, as far as commits are concerned.
  struct Record: Hashable {
    var begin: LogPosition
    /// The position behind it.
    var end: LogPosition
    /// The transaction that wrote it; 0 for none.
    var transaction: UInt32
    var kind: Kind
  }

  enum Kind: Hashable {
    /// The end of a transaction that is committed; `isPlain` when it speaks of no subtransaction, no file and no catalog.
    case commit(isPlain: Bool)
    case other
  }

  private var pages: LogPages
  private var position: LogPosition
  private var previous: LogPosition?

  private static let alignment: UInt64 = 8
  private static let headerSize = 24
  /// The server makes no longer ones.
  private static let largest: UInt32 = 1 << 30

  /// - Parameter begin: where a record begins, or ends.
  init(pages: LogPages, from begin: LogPosition) {
    self.pages = pages
    position = begin
  }

  /// The next record; nil when none begins before `end`.
  mutating func next(before end: LogPosition) throws(LogPages.Failure) -> Record? {
    position.bytes = (position.bytes + Self.alignment - 1) / Self.alignment * Self.alignment
    guard position < end else { return nil }
    try passPageHeader(continuing: nil)
    guard position < end else { return nil }
    let begin = position
    let header = try take(Self.headerSize, of: nil)
    let length = header.number(at: 0, as: UInt32.self)
    guard length >= Self.headerSize, length <= Self.largest else {
      throw .unexpected("a record of \(length) bytes", at: begin)
    }
    let before = LogPosition(bytes: header.number(at: 8, as: UInt64.self))
    guard before < begin, previous.map({ $0 == before }) ?? true else {
      throw .unexpected("a record that does not follow the one before it", at: begin)
    }
    previous = begin
    let info = header[16]
    let source = header[17]
    var left = Int(length) - Self.headerSize
    var kind = Kind.other
    // RM_XACT_ID 1, XLOG_XACT_COMMIT 0 in the bits of XLOG_XACT_OPMASK.
    if source == 1, info & 0x70 == 0 {
      let body = try take(min(left, 32), of: left)
      left -= body.count
      kind = .commit(isPlain: Self.isPlain(body, info: info))
    }
    try skip(left)
    // RM_XLOG_ID 0, XLOG_SWITCH 0x40: what follows in its segment is empty.
    if source == 0, info & 0xF0 == 0x40 {
      let size = pages.segmentSize
      position.bytes = (position.bytes + size - 1) / size * size
    }
    return Record(
      begin: begin, end: position, transaction: header.number(at: 4, as: UInt32.self), kind: kind)
  }

  /// Whether the flags of a commit (`xl_xact_xinfo`) name nothing but the database.
  private static func isPlain(_ body: [UInt8], info: UInt8) -> Bool {
    // XLOG_XACT_HAS_INFO
    guard info & 0x80 != 0 else { return true }
    var at = 0
    // Parts before the main data (`xlogrecord.h`): replication origin, number of the top transaction.
    if at < body.count, body[at] == 253 { at += 3 }
    if at < body.count, body[at] == 252 { at += 5 }
    guard at < body.count else { return false }
    // The main data with a short or a long length; the time of the commit comes first in it.
    at += (body[at] == 255 ? 2 : 5) + 8
    guard at + 4 <= body.count else { return false }
    // XACT_XINFO_HAS_DBINFO
    return body.number(at: at, as: UInt32.self) & ~1 == 0
  }

  // MARK: Bytes

  /// The next bytes of a record. `left` is how many of it are left; nil while its length is not known.
  private mutating func take(_ count: Int, of left: Int?) throws(LogPages.Failure) -> [UInt8] {
    var taken: [UInt8] = []
    while taken.count < count {
      try passPageHeader(continuing: left.map { $0 - taken.count })
      let bytes = try pages.bytes(at: position, count: count - taken.count)
      taken += bytes
      position.bytes += UInt64(bytes.count)
    }
    return taken
  }

  private mutating func skip(_ count: Int) throws(LogPages.Failure) {
    var left = UInt64(count)
    while left > 0 {
      try passPageHeader(continuing: Int(left))
      let step = min(left, pages.pageSize - position.bytes % pages.pageSize)
      position.bytes += step
      left -= step
    }
  }

  /// Passes the header of a page at whose begin the position is. `left` bytes of a record go on behind it; nil when that
  /// is not known.
  private mutating func passPageHeader(continuing left: Int?) throws(LogPages.Failure) {
    guard position.bytes % pages.pageSize == 0 else { return }
    let header = try pages.bytes(at: position, count: 24)
    guard header.number(at: 8, as: UInt64.self) == position.bytes else {
      throw .unexpected("the header of another page", at: position)
    }
    if let left, header.number(at: 16, as: UInt32.self) != UInt32(left) {
      throw .unexpected("a record that does not go on", at: position)
    }
    // The first page of a segment has the long one: XLP_LONG_HEADER.
    position.bytes += header.number(at: 2, as: UInt16.self) & 2 != 0 ? 40 : 24
  }
}

extension RandomAccessCollection<UInt8> where Index == Int {
  /// A number in the machine's own order, `offset` bytes after the first.
  fileprivate func number<Number: FixedWidthInteger>(at offset: Int, as: Number.Type) -> Number {
    var number = Number.zero
    Swift.withUnsafeMutableBytes(of: &number) { bytes in
      for index in 0..<MemoryLayout<Number>.size {
        bytes[index] = self[startIndex + offset + index]
      }
    }
    return number
  }
}
