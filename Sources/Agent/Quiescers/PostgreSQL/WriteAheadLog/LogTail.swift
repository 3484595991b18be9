internal import Glibc
internal import LinuxSystem

/// What the files of a write-ahead log had at one moment, from a position on. Taken while no process of the server runs.
struct LogTail: Sendable {
  private let pageSize: UInt64
  /// The first page's position.
  private let begin: UInt64
  private var pages: [[UInt8]] = []

  /// Reads as many pages as follow each other. Blocks its thread.
  init(of log: LogPages, from position: LogPosition) throws(LogPages.Failure) {
    var log = log
    pageSize = log.pageSize
    begin = position.bytes / pageSize * pageSize
    var next = begin
    while true {
      guard next - begin <= UnwrittenCommits.longestLog else {
        throw .unexpected("a log that goes on", at: position)
      }
      guard let page = try Self.page(at: next, of: &log) else { return }
      pages.append(page)
      next += pageSize
    }
  }

  /// Up to where the log as it is now is what it was then: a record that ends there or before was in the files as a whole, with all
  /// that come before it.
  func end(in log: LogPages) throws(LogPages.Failure) -> LogPosition {
    var log = log
    var position = begin
    for page in pages {
      let now = try log.bytes(at: LogPosition(bytes: position), count: page.count)
      if let different = zip(page, now).enumerated().first(where: { $1.0 != $1.1 })?.offset {
        return LogPosition(bytes: position + UInt64(different))
      }
      position += pageSize
    }
    return LogPosition(bytes: position)
  }

  /// Nil where the files have no such page yet: those that are used again still have one of an earlier position.
  private static func page(at position: UInt64, of log: inout LogPages) throws(LogPages.Failure)
    -> [UInt8]?
  {
    do throws(LogPages.Failure) {
      let page = try log.bytes(at: LogPosition(bytes: position), count: Int(log.pageSize))
      // `xlp_pageaddr` of `xlog_internal.h`.
      let address = page.dropFirst(8).prefix(8).enumerated().reduce(UInt64(0)) {
        $0 | UInt64($1.element) << UInt64($1.offset * 8)
      }
      return UInt64(littleEndian: address) == position ? Array(page) : nil
    } catch {
      if case .system(let failure) = error, failure.code == ENOENT { return nil }
      throw error
    }
  }
}
