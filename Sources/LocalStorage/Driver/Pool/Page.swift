/// A part of a list that is ordered by serial number.
package struct Page<Entry: Sendable>: Sendable {
  package var entries: [Entry]
  /// Where the next part starts; empty after the last.
  package var nextToken: String

  /// Cuts a page out of `all`.
  ///
  /// A token names the serial number after which to go on, so that it stays good when entries come or go between pages.
  /// - Parameters:
  ///   - limit: 0 for everything.
  ///   - token: empty for the start, else an earlier page's `nextToken`; anything else is refused as aborted,
  ///     which tells the caller to start again (CSI specification, `ListVolumes`).
  package init(
    of all: some Sequence<Entry>, by serial: (Entry) -> UInt64, limit: Int32, token: String
  ) throws(StorageError) {
    guard limit >= 0 else {
      throw StorageError(.invalidArgument, "max_entries is \(limit): must not be negative")
    }
    var after: UInt64 = 0
    if !token.isEmpty {
      guard token.hasPrefix("after-"), let number = UInt64(token.dropFirst(6)) else {
        throw StorageError(
          .aborted, "starting_token '\(token.prefix(40))' is none that this driver gave",
          hint: "list again from the start")
      }
      after = number
    }
    let rest = all.filter { serial($0) > after }.sorted { serial($0) < serial($1) }
    entries = limit == 0 ? rest : Array(rest.prefix(Int(limit)))
    nextToken = ""
    if entries.count < rest.count, let last = entries.last {
      nextToken = "after-\(serial(last))"
    }
  }
}
