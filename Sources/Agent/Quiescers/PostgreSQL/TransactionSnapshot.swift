/// Which transactions a server had ended at one instant, as `txid_current_snapshot` prints it.
struct TransactionSnapshot: Hashable, Sendable {
  /// Every transaction below has ended.
  var oldest: UInt64
  /// No transaction from here on has ended.
  var next: UInt64
  /// Those in between that have not.
  var running: Set<UInt64>

  /// Reads `oldest:next:running,…`.
  init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let oldest = UInt64(parts[0]), let next = UInt64(parts[1]) else {
      return nil
    }
    let names = parts[2].split(separator: ",")
    let running = names.compactMap { UInt64($0) }
    guard running.count == names.count, oldest <= next else { return nil }
    self.oldest = oldest
    self.next = next
    self.running = Set(running)
  }

  /// The whole number of a transaction of which the log keeps the lower half. Both are less than 2^31 transactions apart,
  /// or the server would have stopped to prevent a wraparound.
  func whole(_ lower: UInt32) -> UInt64 {
    let distance = Int32(bitPattern: lower &- UInt32(truncatingIfNeeded: next))
    return UInt64(bitPattern: Int64(bitPattern: next) &+ Int64(distance))
  }

  func hasEnded(_ transaction: UInt64) -> Bool {
    transaction < oldest || (transaction < next && !running.contains(transaction))
  }
}
