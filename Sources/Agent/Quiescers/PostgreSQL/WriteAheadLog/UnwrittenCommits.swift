/// Finds the transactions that a server had committed for everybody to see, and not written to its frozen disk.
///
/// A commit is acknowledged only after it can be seen. One that waits for the disk can be seen only once its record is
/// there; so one that can be seen and whose record is not there was acknowledged, or is about to be, without the disk.
struct UnwrittenCommits: Sendable {
  /// What is seen of a server while its disk is frozen, in this order.
  struct Sight: Hashable, Sendable {
    var ended: TransactionSnapshot
    /// Up to here the log was written.
    var written: LogPosition
    /// Up to here the log was in memory.
    var inserted: LogPosition
  }

  /// Begun, and on the disk, before the hold.
  struct Origin: Hashable, Sendable {
    /// A record begins here.
    var position: LogPosition
    /// Every transaction with a higher number wrote its first record after `position`.
    var transaction: UInt64
    var timeline: UInt32
  }

  /// More is not read: a log of this length in one hold says that the freeze took far too long.
  static let longestLog: UInt64 = 256 << 20

  let origin: Origin
  var sight: Sight

  /// The transactions, in the order of their commits. Those that wrote nothing that a recovery keeps are left out: they
  /// have no record but their commit, as with temporary and unlogged tables. Blocks its thread.
  ///
  /// The log must have reached the files up to `sight.inserted`.
  func found(in pages: LogPages) throws(LogPages.Failure) -> [UInt64] {
    guard sight.inserted > sight.written else { return [] }
    guard origin.position <= sight.written,
      sight.inserted.bytes - origin.position.bytes <= Self.longestLog
    else {
      throw .unexpected("a hold's log that goes on until \(sight.inserted)", at: origin.position)
    }
    var records = LogRecords(pages: pages, from: origin.position)
    var changing: Set<UInt32> = []
    var lost: [UInt64] = []
    while let record = try records.next(before: sight.inserted) {
      guard case .commit(let isPlain) = record.kind else {
        changing.insert(record.transaction)
        continue
      }
      let transaction = sight.ended.whole(record.transaction)
      guard record.end > sight.written, sight.ended.hasEnded(transaction) else { continue }
      let wroteNothing =
        isPlain && transaction > origin.transaction && !changing.contains(record.transaction)
      if !wroteNothing { lost.append(transaction) }
    }
    return lost
  }
}
